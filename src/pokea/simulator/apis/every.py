"""All of Daraja's APIs that the simulator has, by their paths."""

from collections.abc import Mapping

from pokea.daraja.account_balance import BALANCE_PATH
from pokea.daraja.b2c import B2C_PATH, B2C_V1_PATH
from pokea.daraja.reversal import REVERSAL_PATH
from pokea.daraja.transaction_status import STATUS_PATH
from pokea.simulator.apis.account_balance import BalanceErrand
from pokea.simulator.apis.acknowledged import AcknowledgedCall
from pokea.simulator.apis.b2c import BusinessToCustomer
from pokea.simulator.apis.calls import DarajaCall
from pokea.simulator.apis.conversations import Conversations, Errand
from pokea.simulator.apis.follow_up import FollowUp
from pokea.simulator.apis.reversal import Reversal
from pokea.simulator.apis.stk_push import StkPush
from pokea.simulator.apis.stk_query import StkQuery
from pokea.simulator.apis.transaction_status import TransactionStatus
from pokea.simulator.apis.transactions import Transactions
from pokea.simulator.core import Core
from pokea.simulator.faults import PUSH_PATH, QUERY_PATH
from pokea.simulator.initiator import SimulatedInitiator
from pokea.simulator.provider import Provider


def calls_of(core: Core, provider: Provider, conversations: Conversations) -> Mapping[str, DarajaCall]:
    """What the gateway lets through to, besides OAuth."""
    errands: dict[str, Errand] = {
        B2C_PATH: BusinessToCustomer(core),
        REVERSAL_PATH: Reversal(core),
        STATUS_PATH: TransactionStatus(core, Transactions(core, provider, conversations)),
        BALANCE_PATH: BalanceErrand(core),
    }
    if core.options.b2c_v1:
        errands[B2C_V1_PATH] = BusinessToCustomer(core, is_first_version=True)
    follow_up = FollowUp(core, SimulatedInitiator(core.options), conversations)
    return {
        PUSH_PATH: StkPush(core, provider),
        QUERY_PATH: StkQuery(core, provider),
        **{path: AcknowledgedCall(path, errand, core, conversations, follow_up) for path, errand in errands.items()},
    }
