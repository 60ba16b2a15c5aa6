"""The checks of `pokea doctor` that need no process."""
