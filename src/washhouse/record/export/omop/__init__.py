"""The record as OMOP CDM 5.4."""
