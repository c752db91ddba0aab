"""The run: steps, order, lock, resume, publish."""
