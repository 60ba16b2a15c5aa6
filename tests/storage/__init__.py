"""The database, both kinds."""
