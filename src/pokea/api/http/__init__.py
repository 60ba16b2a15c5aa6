"""One connection, and one call on it, as the server reads them."""
