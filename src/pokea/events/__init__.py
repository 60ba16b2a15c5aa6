"""What happened, told to pages and to other systems."""
