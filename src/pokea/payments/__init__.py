"""A payment: evidence of it, what follows from the evidence, and the one door through which it enters."""
