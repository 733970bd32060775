"""Every error as ``{"error": what is wrong, "fix": what to do}``."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from murakkab.engine import UserError
from murakkab.language import InputProblem
from murakkab.server.headers import SECURITY
from murakkab.server.shapes import Fault


class Refusal(HTTPException):
    """A request that cannot be served; says what is wrong and what to do."""

    def __init__(self, status: int, error: str, fix: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, error, headers)
        self.fix = fix


def refused(status: int, fault: Fault, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a request that cannot be served."""
    return Response(msgspec.json.encode(fault), status, headers, "application/json")


def on_http(_request: Request, fault: Exception) -> Response:
    """Answer an HTTPException."""
    assert isinstance(fault, HTTPException)
    return refused(fault.status_code, Fault(fault.detail, getattr(fault, "fix", "")), fault.headers)


def on_user_error(_request: Request, fault: Exception) -> Response:
    """Answer a UserError of the engine."""
    assert isinstance(fault, UserError)
    return refused(400, Fault(fault.message, fault.fix, exit_code=fault.exit_code))


def on_input_problem(_request: Request, fault: Exception) -> Response:
    """Answer inputs that do not fit their workflow; ``inputs`` says it of each."""
    assert isinstance(fault, InputProblem)
    return refused(400, Fault(str(fault), "change it and submit again", inputs=fault.messages))


def on_fault(_request: Request, fault: Exception) -> Response:
    """Answer anything unforeseen; the server's log has the rest. No middleware sees this answer."""
    reason = fault.strerror if isinstance(fault, OSError) else type(fault).__name__
    return refused(500, Fault(f"the server failed: {reason}", "see the log of the server"), SECURITY)


def on_gone(_request: Request, _fault: Exception) -> Response:
    """End a request whose sender went away; nobody reads the answer."""
    return Response(status_code=400)


HANDLERS = {
    HTTPException: on_http,
    UserError: on_user_error,
    InputProblem: on_input_problem,
    ClientDisconnect: on_gone,
    Exception: on_fault,
}
