"""An invented city with sealed truth."""
