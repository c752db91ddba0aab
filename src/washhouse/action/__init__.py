"""Caseloads and worklists: what a care team does with the record and the models."""
