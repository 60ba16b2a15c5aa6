"""Daraja at home: a faithful stand-in with phones, balances, faults and a journal of the truth."""
