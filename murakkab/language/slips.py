"""What people write when they mean something else."""

from __future__ import annotations

import re

_RESERVED = {"foreach": "for_each", "each": "for_each", "joins": "join", "stream": "streams", "if": "when"}
_EXPRESSION = re.compile(
    r"(?<!\$)\$\{\s*(?:inputs|nodes|item|previous|secrets)\b[^{}]*\}|"
    r"(?<!\$)\{\{\s*(?:inputs|nodes|item|previous|secrets)\b[^{}]*\}\}"
)


def near_reserved(key: str) -> str:
    """The reserved key of a node that an argument's name looks like, or nothing."""
    return _RESERVED.get(key.lower().replace("-", "").replace("_", ""), "")


def likely_expression(text: str) -> str:
    """The part of a text that looks like an expression in other brackets, or nothing."""
    found = _EXPRESSION.search(text)
    return found[0] if found else ""
