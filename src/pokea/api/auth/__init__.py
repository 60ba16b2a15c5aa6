"""Who may call: keys, bearer tokens and callers."""
