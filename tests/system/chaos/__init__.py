"""Real processes, killed at random under load: what is left must keep every promise."""
