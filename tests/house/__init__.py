"""The house rules: what every file here must keep, checked like any other behaviour."""
