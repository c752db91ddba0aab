"""Commands; the only layer that reads the environment."""
