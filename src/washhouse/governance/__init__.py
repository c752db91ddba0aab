"""Who may, when; grants, the vault, reveal, pseudonyms and audit."""
