"""The guide's callback as it is usually written in Python: a Flask view, an ORM, gunicorn. Measured, never served.

`light` does what the guide does, on tables of its own; `whole` does what Pokea does, on Pokea's tables.
"""
