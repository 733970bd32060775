"""Who may talk to the server, and what the browser may do with what it serves.

The server trusts whoever uses this machine, so a web site opened in the same browser is the one to keep out. A
foreign name that resolves to this machine (DNS rebinding) shows in ``Host``; a form sent from another site (CSRF)
shows in ``Origin``. Foreign pages cannot read answers, since no CORS header is ever sent.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob: data:; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def host_name(authority: str) -> str:
    """The host of ``host:port`` or ``[address]:port``, in lower case; empty when it cannot be read."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


def is_trusted_host(authority: str, allowed: Collection[str]) -> bool:
    """Whether a Host header names this machine: an IP address, ``localhost`` or one of ``allowed``.

    A page under a rebound DNS name always sends that name, never an address.
    """
    name = host_name(authority)
    if name == "localhost" or name in allowed:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_own_origin(headers: Headers) -> bool:
    """Whether a request that changes something comes from the server's own page or from no web page at all."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


class Guard:
    """ASGI middleware: refuses foreign hosts and origins, adds the security headers to every answer.

    Args:
        app: the application behind it.
        allowed_hosts: names, beside ``localhost`` and addresses, under which the server may be reached.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str] = ()) -> None:
        self.app = app
        self.allowed_hosts = {name.lower() for name in allowed_hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self.app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not is_trusted_host(host, self.allowed_hosts):
            fix = "open the page as http://localhost or by the address of this machine, with the port of the server"
            return JSONResponse({"error": f"this server does not answer to the name '{host}'", "fix": fix}, 403)
        if scope["method"] not in SAFE_METHODS and not is_own_origin(headers):
            fix = "send the request from the server's own page, or without an Origin header"
            return JSONResponse({"error": "the request comes from another web site", "fix": fix}, 403)
        return None
