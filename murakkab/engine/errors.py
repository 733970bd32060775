"""Faults that a user can mend."""

from __future__ import annotations

FAILED, USAGE, NO_PLAN, INTERRUPTED = 1, 2, 3, 130
"""Exit codes of the command line: the run failed, bad usage or file, no plan meets the SLO, interrupted."""


class UserError(Exception):
    """Something the user can put right.

    Args:
        message: what is wrong and where.
        fix: what to do, one sentence.
        exit_code: of the command line.

    """

    def __init__(self, message: str, fix: str = "", exit_code: int = USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.message}\n  {self.fix}" if self.fix else self.message
