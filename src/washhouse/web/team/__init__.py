"""Pages of who manages a team: workload, supervision, allocation, outcomes."""
