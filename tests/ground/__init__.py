"""Values alone: no database, no network, no clock."""
