"""Codelists, features, models, explanations and model records."""
