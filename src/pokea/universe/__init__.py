"""Whole simulated days in milliseconds: service, Daraja and customers in one process, drawn from one seed (law:
universes).

It ships, so that anybody can run `pokea universe` against the very code that takes their money.
"""
