"""The training report: what a linkage learnt, what it decided, and what it may have missed."""
