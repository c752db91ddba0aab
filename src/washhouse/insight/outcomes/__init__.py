"""Which outcomes are predicted? One file each: for whom, from which day, what counts and for how long."""
