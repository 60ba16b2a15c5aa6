"""The whole system under virtual time, from one seed."""
