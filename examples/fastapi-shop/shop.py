import os
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from pokea.client import AsyncPokea, CallRefused, WebhookEvent
from pokea.client.fastapi import PokeaDependencies

pokea = PokeaDependencies(
    os.environ.get("POKEA_URL", "http://127.0.0.1:8000"),
    os.environ["POKEA_TOKEN"],
    os.environ["POKEA_WEBHOOK_SECRET"],
)
app = FastAPI(lifespan=pokea.lifespan)
FORM = """<form method="post" action="/orders">
M-PESA number <input name="phone"> <button>Book for KES 500</button></form>"""


@dataclass
class Order:
    status: str = "waiting"
    receipt: str = ""


orders: dict[str, Order] = {}  # a shop keeps them in its database


@app.get("/")
async def shop() -> HTMLResponse:
    return HTMLResponse(FORM)


@app.post("/orders")
async def new_order(request: Request, client: Annotated[AsyncPokea, Depends(pokea.client)]) -> RedirectResponse:
    (phone,) = parse_qs((await request.body()).decode()).get("phone", [""])
    booking = await client.bookings.create("Plumbing", amount=500)
    orders[booking.id] = Order()
    try:
        await client.payments.push(booking, phone, idempotency_key=f"order-{booking.id}")
    except CallRefused as refused:
        del orders[booking.id]
        raise HTTPException(400, refused.message) from None
    return RedirectResponse(f"/orders/{booking.id}", 303)


@app.get("/orders/{booking_id}")
async def order(booking_id: str) -> HTMLResponse:
    found = orders[booking_id]
    return HTMLResponse(f"Order {booking_id} is {found.status}. {found.receipt}")


@app.post("/pokea/webhook", status_code=204)
async def webhook(event: Annotated[WebhookEvent, Depends(pokea.event)]) -> None:
    found = orders.get(event.data.booking_id or "")
    if found is None:
        return
    # An event may come twice; this says the same the second time.
    if event.type == "payment.completed":
        found.status, found.receipt = "paid", event.data.receipt or ""
    elif event.type == "payment.failed" and found.status == "waiting":
        found.status = "not paid"
