"""Versioned tables and the engines over them; alone imports DuckDB, Delta and Spark."""
