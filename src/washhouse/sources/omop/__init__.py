"""OMOP CDM 5.3 and 5.4: Parquet, delimited text, or one DuckDB file."""
