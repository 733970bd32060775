"""Who may talk to the server, and what the browser may do with what it serves.

The server trusts whoever uses this machine, so a web site opened in the same browser is the one to keep out. A
foreign name that resolves to this machine (DNS rebinding) shows in ``Host``; a form sent from another site (CSRF)
shows in ``Origin``. Foreign pages cannot read answers, since no CORS header is ever sent.

A server that other machines reach asks for a token: in the header ``Authorization: Bearer``, or in the query, for
players that can send no header. A page that is opened with it in the query gets it as a cookie instead.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from murakkab.server.errors import refused
from murakkab.server.headers import SECURITY
from murakkab.server.shapes import Fault

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

COOKIE = "murakkab-token"
QUERY = "token"
"""Where, beside the header, a token may stand."""


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
    """ASGI middleware: refuses foreign hosts, origins and strangers, adds the security headers to every answer.

    Args:
        app: the application behind it.
        allowed_hosts: names, beside ``localhost`` and addresses, under which the server may be reached.
        token: that every request must bring; none is asked for when it is empty.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str] = (), token: str = "") -> None:
        self.app = app
        self.allowed_hosts = {name.lower() for name in allowed_hosts}
        self.token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)
            await send(message)

        request = Request(scope)
        answer = self._refusal(request) or self._welcome(request)
        await (answer or self.app)(scope, receive, send_guarded)

    def _refusal(self, request: Request) -> Response | None:
        headers = request.headers
        host = headers.get("host", "")
        if not is_trusted_host(host, self.allowed_hosts):
            fix = "open the page as http://localhost or by the address of this machine, or start with --allow-host NAME"
            return refused(403, Fault(f"this server does not answer to the name '{host}'", fix))
        if request.method not in SAFE_METHODS and not is_own_origin(headers):
            fix = "send the request from the server's own page, or without an Origin header"
            return refused(403, Fault("the request comes from another web site", fix))
        if self.token and not any(_same(given, self.token) for given in tokens_of(request)):
            fix = "open the address that the server printed, or send 'Authorization: Bearer TOKEN'"
            return refused(401, Fault("this server asks for its token", fix), {"www-authenticate": "Bearer"})
        return None

    def _welcome(self, request: Request) -> Response | None:
        """Turn the token in the address of a page into a cookie, so that it stays in no address bar and no link."""
        if not self.token or QUERY not in request.query_params or "text/html" not in request.headers.get("accept", ""):
            return None
        url = request.url.remove_query_params(QUERY)
        path = "/" + url.path.lstrip("/")  # two slashes would begin the name of another host
        answer = RedirectResponse(f"{path}?{url.query}" if url.query else path, 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, self.token, httponly=True, samesite="lax", secure=secure)
        return answer


def tokens_of(request: Request) -> list[str]:
    """The tokens that a request brings: as a bearer, in the query, as a cookie."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    bearer = credentials.strip() if scheme.lower() == "bearer" else ""
    return [bearer, request.query_params.get(QUERY, ""), request.cookies.get(COOKIE, "")]


def _same(given: str, token: str) -> bool:
    return secrets.compare_digest(given.encode(), token.encode())
