"""The simulator over HTTP, as any integration meets it, and its laws."""
