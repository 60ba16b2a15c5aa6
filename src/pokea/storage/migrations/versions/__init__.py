"""One file a step. Each says how the version before it lives through the deploy."""
