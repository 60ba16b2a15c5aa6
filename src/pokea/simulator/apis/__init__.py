"""Daraja's APIs behind the gateway, one file each: how a request is looked at, its answer, and what follows."""
