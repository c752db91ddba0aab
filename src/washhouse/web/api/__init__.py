"""What programs ask: JSON in, JSON out."""
