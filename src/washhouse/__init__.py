"""An open learning health and care system."""
