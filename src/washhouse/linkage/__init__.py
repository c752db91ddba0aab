"""Whose record is it, and who is connected to whom."""
