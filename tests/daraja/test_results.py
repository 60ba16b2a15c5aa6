"""The messages of money out as they stand on the wire: Daraja's own names, spelling mistakes included."""

from pathlib import Path

import msgspec
import pytest

from pokea.daraja.account_balance import BalanceRequest
from pokea.daraja.b2c import B2CRequest
from pokea.daraja.results import (
    ParameterList,
    ReferenceList,
    ResultContent,
    ResultEnvelope,
    ResultItem,
    result_item,
)
from pokea.daraja.reversal import ReversalRequest
from pokea.daraja.transaction_status import StatusRequest
from pokea.daraja.wire import decode, encode

PAYLOADS = Path(__file__).parent.parent / "fixtures" / "payloads"
SPELT_SO = {
    B2CRequest: {"InitiatorName", "Occassion", "OriginatorConversationID", "QueueTimeOutURL"},
    ReversalRequest: {"Initiator", "RecieverIdentifierType", "ReceiverParty", "QueueTimeOutURL"},
    StatusRequest: {"Initiator", "Occasion", "OriginalConversationID", "TransactionID"},
    BalanceRequest: {"Initiator", "IdentifierType", "PartyA"},
}


@pytest.mark.parametrize("message", SPELT_SO)
def test_fields_are_spelt_as_daraja_spells_them(message: type[msgspec.Struct]) -> None:
    """Each API's own spelling of a field is kept, since Daraja takes no other (daraja: B2C request)."""
    assert SPELT_SO[message] <= set(message.__struct_fields__)


def test_optional_field_that_is_empty_is_not_sent() -> None:
    """A question names the receipt or the id, and not the other one with nothing in it."""
    asked = StatusRequest("api", "sealed", "TransactionStatusQuery", "600000", "4", "https://r", "https://t", "asked")
    assert "TransactionID" not in msgspec.json.decode(encode(asked))


def test_result_is_written_as_the_documented_sample() -> None:
    """A Result that is put together from its parts is the official sample of a reversal, byte for byte as values."""
    items = [
        result_item("DebitAccountBalance", "Utility Account|KES|7722179.62|7722179.62|0.00|0.00"),
        result_item("Amount", decimal="1.0"),
        result_item("TransCompletedTime", 20211114132711),
        result_item("OriginalTransactionID", "SKC82PACB8"),
        result_item("Charge", decimal="0.0"),
        result_item("CreditPartyPublicName", "254705600111 - JANE WANJIKU DOE"),
        result_item("DebitPartyPublicName", "600992 - Safaricom Daraja 992"),
    ]
    queue = "https://internalsandbox.safaricom.co.ke/mpesa/reversalresults/v1/submit"
    content = ResultContent(
        0,
        0,
        "The service request is processed successfully.",
        "dad6-4c34-8787-c8cb963a496d1268232",
        "AG_20211114_201018edbbf9f1582eaa",
        "SKE52PAWR9",
        ParameterList(items),
        ReferenceList(result_item("QueueTimeoutURL", queue)),
    )
    written = msgspec.json.decode(encode(ResultEnvelope(content)))
    assert written == msgspec.json.decode((PAYLOADS / "reversal_0_docs_v3.json").read_bytes())


def test_item_without_a_value_has_no_value() -> None:
    """`Occasion` and `TransactionReason` come without `Value`, and not with null (daraja: transaction status)."""
    assert encode(result_item("Occasion")) == b'{"Key":"Occasion"}'
    assert decode(b'{"Key":"Occasion"}', ResultItem) == result_item("Occasion")


@pytest.mark.parametrize(
    "name", ["b2c_0_docs_v3", "reversal_R000002_docs_v3", "txstatus_0_docs_v3", "balance_0_docs_v3"]
)
def test_documented_results_are_read_and_written_without_loss(name: str) -> None:
    """The official samples come out of the types with the values that went in."""
    body = (PAYLOADS / f"{name}.json").read_bytes()
    assert msgspec.json.decode(encode(decode(body, ResultEnvelope))) == msgspec.json.decode(body)
