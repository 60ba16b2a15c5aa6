"""The simulator's HTTP faces: Daraja's own paths, and the control API for tests."""
