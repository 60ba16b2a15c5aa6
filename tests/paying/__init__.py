"""How a payment goes: made, prompted, settled, asked about, read and watched, on both databases."""
