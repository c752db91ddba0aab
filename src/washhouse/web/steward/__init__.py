"""Pages of the data steward: feeds, quarantine, linkage."""
