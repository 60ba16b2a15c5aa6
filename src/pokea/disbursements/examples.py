"""Examples of refunds and payouts for the reference."""

from typing import Any, Final

from pokea.disbursements.model import DisbursementKind

REFUND_ID: Final = "rf_01m8g2c4v7q9r3t5w8y0a2c4e6"
PAYOUT_ID: Final = "po_01m8g2c4v7q9r3t5w8y0a2c4e7"
PAYEE_ID: Final = "py_01m8g2c4v7q9r3t5w8y0a2c4e8"
DIGEST: Final = "5f0c954e6f1d2c3b4a59687766554433221100ffeeddccbbaa99887766554433"
_ROW: Final[dict[str, Any]] = {
    "status": "requested",
    "waiting": None,
    "amount": 500,
    "currency": "KES",
    "way": "reversal",
    "recipient": "25471****678",
    "reason": "The technician did not come",
    "requestedBy": "ann",
    "retriedBy": None,
    "approvedBy": None,
    "digest": DIGEST,
    "attempts": [],
    "findings": [],
    "receipt": None,
    "failure": None,
    "flags": [],
    "version": 1,
    "createdAt": "2026-11-27T09:15:00.000Z",
    "approvedAt": None,
    "completedAt": None,
}
REFUND: Final[dict[str, Any]] = {"id": REFUND_ID, **_ROW, "paymentId": "pay_01m8emqnjgz6hzjhed8a1jtf9n"}
PAYOUT: Final[dict[str, Any]] = {
    "id": PAYOUT_ID,
    **_ROW,
    "way": "b2c",
    "reason": "Plumbing in Kilimani",
    "payeeId": PAYEE_ID,
    "bookingId": "bk_01m8emqm5vvnpb1k2m2nmc2k34",
}
BODIES: Final = {DisbursementKind.REFUND: REFUND, DisbursementKind.PAYOUT: PAYOUT}
IDS: Final = {DisbursementKind.REFUND: REFUND_ID, DisbursementKind.PAYOUT: PAYOUT_ID}
REQUESTS: Final[dict[DisbursementKind, dict[str, Any]]] = {
    DisbursementKind.REFUND: {"paymentId": REFUND["paymentId"], "reason": REFUND["reason"]},
    DisbursementKind.PAYOUT: {"payeeId": PAYEE_ID, "amount": 500, "reason": PAYOUT["reason"]},
}
PAYEE: Final[dict[str, Any]] = {
    "id": PAYEE_ID,
    "name": "Njeri Plumbing",
    "phoneNumber": "254712345678",
    "customerId": None,
    "status": "unconfirmed",
    "payableFrom": None,
    "changedBy": "ann",
    "changedAt": "2026-11-27T09:15:00.000Z",
    "confirmedBy": None,
    "confirmedAt": None,
    "createdAt": "2026-11-27T09:15:00.000Z",
}
MONEY_OUT: Final[dict[str, Any]] = {
    "success": True,
    "moneyOut": {
        "state": "running",
        "reason": None,
        "message": None,
        "since": None,
        "changedBy": None,
        "caps": {"one": 10000, "day": 50000, "payeeDay": 10000, "hourly": 20},
        "used": {"day": 1500, "hourly": 3},
        "funds": {"available": 228037, "asOf": "2026-11-27T09:14:12.000Z"},
    },
}
