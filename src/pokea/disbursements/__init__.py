"""Money out: what is owed, who approved it, and each sending of it, paid once or known to be unknown."""
