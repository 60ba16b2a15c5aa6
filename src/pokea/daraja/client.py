"""The one client that speaks to Daraja."""

from pokea.daraja.outcomes import Accepted, Answered, PushOrder, PushOutcome, QueryOutcome, Refused, Silent, Unknown
from pokea.daraja.tokens import StoredToken, TokenStore

__all__ = [
    "Accepted",
    "Answered",
    "PushOrder",
    "PushOutcome",
    "QueryOutcome",
    "Refused",
    "Silent",
    "StoredToken",
    "TokenStore",
    "Unknown",
]
