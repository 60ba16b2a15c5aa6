"""Every rule that a database of Pokea obeys: of the books, of payments and of money out."""

from typing import Final

from pokea.audit.decision_rules import DECISION_RULES
from pokea.audit.event_rules import EVENT_RULES
from pokea.audit.operation_rules import OPERATION_RULES
from pokea.audit.out_rules import OUT_RULES
from pokea.audit.rule import BOOKS

RULES: Final = (*BOOKS, *OPERATION_RULES, *OUT_RULES, *DECISION_RULES, *EVENT_RULES)
"""All of them, in the order in which they are shown."""
