"""Examples of the payment calls for the OpenAPI document, as a running service answered them."""

from typing import Any, Final

from pokea.api.openapi import path_id

BOOKING_ID: Final = "bk_01m8emqm5vvnpb1k2m2nmc2k34"
_ID: Final = "pay_01m8emqm7b4rxppvxh7656tard"
TRANSACTION_ID: Final = path_id("transactionId", "The payment's id, as the push answered it.", _ID)

_TRANSACTION: Final[dict[str, Any]] = {
    "id": _ID,
    "status": "completed",
    "amount": 500,
    "currency": "KES",
    "paymentMethod": "mpesa",
    "mpesaReceiptNumber": "UKRRV92FVS",
    "createdAt": "2026-11-27T13:57:17.675Z",
    "completedAt": "2026-11-27T13:57:28.774Z",
    "type": "booking_fee",
    "bookingId": BOOKING_ID,
    "phoneNumber": "25470****149",
    "message": "The payment went through. There is nothing more to do.",
    "failure": None,
    "review": [],
    "expiresAt": "2026-11-27T13:59:17.675Z",
    "version": 3,
}
STATUS: Final[dict[str, Any]] = {"success": True, "transaction": _TRANSACTION}
HISTORY: Final[dict[str, Any]] = {
    "success": True,
    "count": 1,
    "total": 1,
    "page": 1,
    "pages": 1,
    "transactions": [_TRANSACTION],
    "nextCursor": None,
    "ageSeconds": 0,
}
PUSH: Final[dict[str, Any]] = {
    "success": True,
    "message": "STK Push sent successfully. Please enter your M-Pesa PIN on your phone.",
    "data": {
        "transactionId": _ID,
        "checkoutRequestId": "ws_CO_27112026165717044708374149",
        "customerMessage": "Success. Request accepted for processing",
        "clientSecret": "pcs_d9eb9cc5d1a0c588af53d126f92c2854a036a8b8bfd1585d",
        "expiresAt": "2026-11-27T13:59:17.675Z",
        "phoneNumber": "25470****149",
        "hint": None,
    },
}
