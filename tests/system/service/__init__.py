"""The service over HTTP, with its database and the simulator."""
