"""One module per sending system: read, validate, quarantine, map."""
