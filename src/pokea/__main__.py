"""`python -m pokea` is `pokea`."""

from pokea.cli import main

main()
