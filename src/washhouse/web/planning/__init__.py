"""Pages for planners."""
