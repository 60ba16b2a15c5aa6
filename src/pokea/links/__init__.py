"""Addresses that anyone can send: a page that says what is to be paid and to whom, takes it, and shows the receipt."""
