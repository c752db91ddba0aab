"""The record in the formats of others: whole populations, pseudonymised, under a grant."""
