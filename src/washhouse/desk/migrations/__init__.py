"""Revisions of the desk's tables, run by `open_desk`."""
