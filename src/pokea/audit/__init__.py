"""What must be true of the money at any moment, as named rules, and the worker that checks them."""
