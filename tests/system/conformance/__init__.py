"""Bodies and clients that others made, against ours."""
