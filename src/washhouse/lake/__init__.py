"""Versioned tables and the engines over them; alone imports DuckDB and Delta."""
