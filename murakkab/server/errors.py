"""Every error as ``{"error": what is wrong, "fix": what to do}``."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from murakkab.engine import UserError
from murakkab.language import InputProblem


class Refusal(HTTPException):
    """A request that cannot be served; says what is wrong and what to do."""

    def __init__(self, status: int, error: str, fix: str = "") -> None:
        super().__init__(status, error)
        self.fix = fix


def on_http(_request: Request, fault: Exception) -> Response:
    """Answer an HTTPException."""
    assert isinstance(fault, HTTPException)
    body = {"error": fault.detail, "fix": getattr(fault, "fix", "")}
    return JSONResponse(body, fault.status_code, headers=fault.headers)


def on_user_error(_request: Request, fault: Exception) -> Response:
    """Answer a UserError of the engine."""
    assert isinstance(fault, UserError)
    return JSONResponse({"error": fault.message, "fix": fault.fix, "exit_code": fault.exit_code}, 400)


def on_input_problem(_request: Request, fault: Exception) -> Response:
    """Answer inputs that do not fit their workflow; ``inputs`` says it of each."""
    assert isinstance(fault, InputProblem)
    return JSONResponse({"error": str(fault), "fix": "change it and submit again", "inputs": fault.messages}, 400)


def on_fault(_request: Request, fault: Exception) -> Response:
    """Answer anything unforeseen; the server's log has the rest."""
    reason = fault.strerror if isinstance(fault, OSError) else type(fault).__name__
    return JSONResponse({"error": f"the server failed: {reason}", "fix": "see the log of the server"}, 500)


HANDLERS = {HTTPException: on_http, UserError: on_user_error, InputProblem: on_input_problem, Exception: on_fault}
