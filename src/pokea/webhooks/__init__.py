"""Events that are sent to the merchant's own software, signed, in order, and until they arrive."""
