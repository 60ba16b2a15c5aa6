"""What both forms have alike: the pool of connections, the reading of a callback, and the answers."""

import os
from dataclasses import dataclass
from typing import Any

from flask import jsonify, request
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

PATH = "/api/v1/payments/mpesa/callback"


@dataclass(frozen=True)
class Callback:
    """What Daraja says of one prompt; `items` are the metadata of a success."""

    checkout_request_id: str
    merchant_request_id: str | None
    code: int
    description: str
    items: dict[str, Any]


def new_sessions() -> sessionmaker[Session]:
    """Sessions on the database of the environment."""
    url = os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
    return sessionmaker(create_engine(url, pool_size=8))


def read_callback() -> Callback | None:
    """The callback in the request's body; None when it is no callback."""
    try:
        outcome = request.get_json(silent=True)["Body"]["stkCallback"]
        items = outcome.get("CallbackMetadata", {}).get("Item", [])
        return Callback(
            outcome["CheckoutRequestID"],
            outcome.get("MerchantRequestID"),
            int(outcome["ResultCode"]),
            outcome["ResultDesc"],
            {item["Name"]: item.get("Value") for item in items},
        )
    except (AttributeError, TypeError, KeyError, ValueError):
        return None


def accepted() -> Any:
    """The answer to a callback that is durable."""
    return jsonify(ResultCode=0, ResultDesc="Accepted")


def refused(description: str, status: int) -> Any:
    """The answer to what is none of ours."""
    return jsonify(ResultCode=1, ResultDesc=description), status
