"""The gate: who may call, how often, with how much, and what a failure looks like over HTTP."""
