"""Real proxies in front of an application, as they are found on this machine, each with a configuration of its own."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

PAGE = Path(__file__).parents[3] / "docs" / "behind-a-proxy.md"
_PATIENCE_SECONDS = 20.0

_NGINX_FRAME = """
daemon off; pid nginx.pid; error_log stderr; worker_processes 1;
events {{ worker_connections 200; }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    {server}
}}
"""
_WITH_WEBSOCKETS = """
upstream pokea { server 127.0.0.1:8000; keepalive 4; }
server {
    listen 443 ssl;
    location / {
        proxy_pass http://pokea;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_set_header X-Forwarded-For $remote_addr;
    }
}
"""
_CADDY = "pay.example {\n    reverse_proxy 127.0.0.1:8000\n}\n"
_HAPROXY = """
defaults
    mode http
    option forwardfor
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend public
    bind :443 ssl crt none
    default_backend pokea
backend pokea
    server pokea 127.0.0.1:8000
"""
_USUAL = {"nginx": _WITH_WEBSOCKETS, "caddy": _CADDY, "haproxy": _HAPROXY}
_LANGUAGES = {"nginx": "nginx", "caddy": "caddyfile", "haproxy": "haproxy"}
NAMES = tuple(_USUAL)


def program_of(name: str) -> str | None:
    """Where the proxy is on this machine; also where only an administrator's PATH finds it."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")


def documented(name: str) -> str:
    """The example of the documentation."""
    found = re.search(rf"```{_LANGUAGES[name]}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found, name
    return found[1]


@contextmanager
def proxying(name: str, folder: Path, upstream_port: int, *, as_documented: bool) -> Iterator[int]:
    """The port of the proxy, with the documentation's example or the configuration that most people have."""
    port = free_port()
    text = documented(name) if as_documented else _USUAL[name]
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{upstream_port}")
    text = re.sub(r"(?m)^\s*ssl_certificate.*$|^\s*server_name.*$", "", text)
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    text = text.replace("pay.example {", f"http://:{port} {{\n    bind 127.0.0.1")
    text = re.sub(r"bind :443 ssl crt \S+", f"bind 127.0.0.1:{port}", text)
    program = program_of(name)
    assert program
    process = _start(name, program, folder, text)
    try:
        _until_it_listens(port, process, folder)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _start(name: str, program: str, folder: Path, text: str) -> subprocess.Popen[bytes]:
    file = folder / name
    match name:
        case "nginx":
            file.write_text(_NGINX_FRAME.format(server=text))
            command = [program, "-p", str(folder), "-c", str(file)]
        case "caddy":
            settings = "{\n    admin off\n    auto_https off\n"
            file.write_text(settings + text[2:] if text.startswith("{") else f"{settings}}}\n{text}")
            command = [program, "run", "--config", str(file), "--adapter", "caddyfile"]
        case _:
            file.write_text(text)
            command = [program, "-db", "-f", str(file)]
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | home, cwd=folder)


def _until_it_listens(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    logs = "\n".join(file.read_text() for file in folder.glob("*.log"))
    raise AssertionError(f"the proxy does not listen:\n{logs}")
