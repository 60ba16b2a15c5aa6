import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

API = os.environ.get("POKEA_URL", "http://127.0.0.1:8000") + "/api/v1"
SECRET = base64.b64decode(os.environ["POKEA_WEBHOOK_SECRET"].removeprefix("whsec_"))
FORM = '<form method="post" action="/orders">M-PESA number <input name="phone"> <button>Book</button></form>'
orders = {}  # a shop keeps them in its database


def call(path, key, body):
    headers = {"Authorization": f"Bearer {os.environ['POKEA_TOKEN']}", "Content-Type": "application/json"}
    request = Request(API + path, json.dumps(body).encode(), headers | {"Idempotency-Key": key})
    with urlopen(request, timeout=60) as answer:
        return json.load(answer)


def is_proved(headers, body):
    message_id, sent_at = headers["webhook-id"] or "", headers["webhook-timestamp"] or ""
    signed = hmac.digest(SECRET, f"{message_id}.{sent_at}.".encode() + body, hashlib.sha256)
    expected = "v1," + base64.b64encode(signed).decode()
    given = (headers["webhook-signature"] or "").split(" ")
    is_fresh = sent_at.isdecimal() and abs(time.time() - int(sent_at)) < 300
    return is_fresh and any(hmac.compare_digest(expected.encode(), each.encode()) for each in given)


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        order = self.path.removeprefix("/orders/")
        self.answer(200, f"Order {order} is {' '.join(orders[order])}" if order in orders else FORM)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/orders":
            self.order(parse_qs(body.decode()).get("phone", [""])[0])
        elif is_proved(self.headers, body):
            self.hear(json.loads(body))
        else:
            self.answer(400, "This is not from Pokea.")

    def order(self, phone):
        order = os.urandom(8).hex()
        booking = call("/bookings", f"booking-{order}", {"service": "Plumbing", "amount": 500})["booking"]["id"]
        orders[booking] = ["waiting.", ""]
        try:
            push = {"phoneNumber": phone, "bookingId": booking, "amount": 500}
            call("/payments/mpesa/stkpush", f"push-{order}", push)
        except HTTPError as refused:
            del orders[booking]
            self.answer(400, json.load(refused)["message"])
        else:
            self.answer(303, "", f"/orders/{booking}")

    def hear(self, event):
        found = orders.get(event["data"].get("bookingId"))
        # An event may come twice; this says the same the second time.
        if found and event["type"] == "payment.completed":
            found[:] = ["paid.", event["data"]["receipt"]]
        elif found and event["type"] == "payment.failed" and found[0] == "waiting.":
            found[:] = ["not paid.", ""]
        self.answer(204, "")

    def answer(self, status, html, location=""):
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Location", location) if location else None
        self.send_header("Content-Length", str(len(html.encode())))
        self.end_headers()
        self.wfile.write(html.encode())


ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8002"))), Shop).serve_forever()
