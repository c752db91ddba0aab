"""Is the data fit for use? Checks declared once, run at every build."""
