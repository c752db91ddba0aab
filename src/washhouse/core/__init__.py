"""Errors, identifiers, time and table contracts; standard library only."""
