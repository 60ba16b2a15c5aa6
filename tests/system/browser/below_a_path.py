"""A proxy that serves another server below a path, as a shop does that has no host to spare."""

import contextlib
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

_OF_THE_CONNECTION = {"connection", "transfer-encoding", "host", "keep-alive"}


class _Proxy(BaseHTTPRequestHandler):
    """Passes on what is asked for below a path, without the path; answers are passed on as they come, streams too."""

    def __init__(self, origin: str, prefix: str, *rest: object) -> None:
        self.origin = origin
        self.prefix = prefix
        super().__init__(*rest)  # type: ignore[arg-type]  # what the server hands to every handler

    def do_GET(self) -> None:
        """Answer one call."""
        if not self.path.startswith(f"{self.prefix}/"):
            self.send_error(404)
            return
        parts = urlsplit(self.origin)
        connection = HTTPConnection(str(parts.hostname), parts.port, timeout=30)
        headers = {name: text for name, text in self.headers.items() if name.lower() not in _OF_THE_CONNECTION}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection.request(self.command, self.path.removeprefix(self.prefix), body, headers)
        answer = connection.getresponse()
        self.send_response(answer.status)
        for name, text in answer.getheaders():
            if name.lower() not in _OF_THE_CONNECTION:
                self.send_header(name, text)
        self.end_headers()
        # A stream that is cut ends in the middle of a piece.
        with contextlib.suppress(OSError, HTTPException), contextlib.closing(connection):
            while piece := answer.read1(65_536):
                self.wfile.write(piece)

    do_POST = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def proxied(origin: str, prefix: str) -> Iterator[str]:
    """The origin of a proxy that serves another one below a path."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Proxy, origin, prefix)) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
