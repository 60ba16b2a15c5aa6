"""What a call to another server costs the caller: `python -P bench/calling.py ADDRESS COUNT AT_ONCE`.

It runs on the code of the side that is measured, and prints the CPU seconds of all calls but some at the beginning.
"""

import asyncio
import inspect
import sys
import time
from typing import Any

import uvloop

from pokea.transport import HttpTransport

_WARM = 50
_BODY = b'{"PhoneNumber": "254712345678", "CallBackURL": "https://127.0.0.1/callback/0123456789", "Amount": "500"}'
# As a push is sent; a side of long ago knows no other way than a connection for each.
_MORE: dict[str, Any] = {"may_reuse": True} if "may_reuse" in inspect.signature(HttpTransport.send).parameters else {}
_HEADERS = {"Authorization": "Bearer a-token-for-benchmarks-only", "Content-Type": "application/json"}


async def calling(address: str, count: int, at_once: int) -> float:
    """CPU seconds of so many calls, of which so many are out at the same time."""
    transport = HttpTransport()
    left = iter(range(count))

    async def call() -> None:
        reply = await transport.send("POST", f"{address}/mpesa/stkpush/v1/processrequest", _HEADERS, _BODY, 30, **_MORE)
        assert reply.status == 200, reply  # noqa: PLR2004 - it is answered

    async def call_each() -> None:
        for _ in left:
            await call()

    await asyncio.gather(*(call() for _ in range(_WARM)))
    began = time.process_time()
    await asyncio.gather(*(call_each() for _ in range(at_once)))
    spent = time.process_time() - began
    await transport.close()
    return spent


if __name__ == "__main__":
    print(uvloop.run(calling(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
