"""What is run by hand or by make: set-up, locks, generated pages."""
