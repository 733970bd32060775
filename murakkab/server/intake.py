"""How much a server takes at once: bytes of a submission, submissions with files, unfinished runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.requests import Request

from murakkab.engine import UserError
from murakkab.server.door import EngineDoor
from murakkab.server.errors import Refusal
from murakkab.server.uploads import FORM, UPLOAD_LIMIT, body_type

RETRY_S = 5
"""When a client that was sent away may ask again."""


@dataclass(frozen=True)
class Limits:
    """What a server takes.

    Attributes:
        upload_bytes: of one submission, files included.
        uploads: submissions with files that are received at once; each may lie on disk until its run has begun.
        runs: that are being made at once, for whoever asked.
    """

    upload_bytes: int = UPLOAD_LIMIT
    uploads: int = 16
    runs: int = 200


class Intake:
    """Counts what is being received and made through one server.

    Args:
        engine: does the runs.
        limits: that hold.
    """

    def __init__(self, engine: EngineDoor, limits: Limits) -> None:
        self._engine = engine
        self.limits = limits
        self._uploads = self._asked = 0
        self._begun: set[str] = set()

    @contextmanager
    def upload(self, request: Request) -> Iterator[None]:
        """While entered, a submission is received; Refusal (429) where too many with files are."""
        counts = body_type(request) == FORM
        if counts and self._uploads >= self.limits.uploads:
            raise _too_many(f"this server receives {self.limits.uploads} uploads already", "wait for one to end")
        self._uploads += counts
        try:
            yield
        finally:
            self._uploads -= counts

    @contextmanager
    def place(self) -> Iterator[None]:
        """While entered, a run is asked for; Refusal (429) where too many are being made."""
        if self._asked + len(self._begun) >= self.limits.runs:
            self._begun = {run for run in self._begun if self._is_made(run)}
        if self._asked + len(self._begun) >= self.limits.runs:
            raise _too_many(f"this server makes {self.limits.runs} runs already", "wait for one to end, or stop one")
        self._asked += 1
        try:
            yield
        finally:
            self._asked -= 1

    def begun(self, run: str) -> None:
        """A run began, or goes on."""
        self._begun.add(run)

    def _is_made(self, run: str) -> bool:
        try:
            return self._engine.store.record(run).status == "running"
        except UserError:  # it was removed
            return False


def _too_many(error: str, fix: str) -> Refusal:
    return Refusal(429, error, fix, {"retry-after": str(RETRY_S)})
