"""What happened, published to pages and to other systems."""
