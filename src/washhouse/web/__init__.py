"""Pages and the API: one folder per audience, `shell` for what they share."""
