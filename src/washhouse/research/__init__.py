"""How many people could a study have? Counts only, never rows."""
