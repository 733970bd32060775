"""Numbers that a request names."""

from __future__ import annotations

import re

from murakkab.server.errors import Refusal


def whole_number(text: str, what: str, fix: str) -> int:
    """The number that a text of at most 18 digits says; a Refusal (400) calls it ``what`` where it is none."""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Refusal(400, f"'{text[:40]}' is not {what}", fix)
    return int(text)
