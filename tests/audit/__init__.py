"""The books: the rules that find what is wrong, and the running check of them."""
