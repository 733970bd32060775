"""What a question asks for, and the line of a passage that tells it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from murakkab_runtimes.tools.passages_of_video import share, wanted

NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_WHEN = re.compile(
    r"\b(?:\d|january|february|march|april|may|june|july|august|september|october|november|december|spring|summer"
    r"|autumn|winter|dawn|noon|dusk|night|morning|evening|\w+day|week|month|year|century)",
    re.I,
)
_WHERE = re.compile(r"\b(?:at|in|on|near|under|behind|beside|across|above|inside) (?:the |a |an )?\w+", re.I)
_YEAR = re.compile(r"^(?:1[5-9]|20)\d\d$")
_ASKS = (
    ("when", re.compile(r"\b(?:when|which (?:date|year|day|month)|what (?:date|year|day|month|time))\b", re.I)),
    ("amount", re.compile(r"\bhow (?:many|much|long|fast|high|tall|far|deep|old|big|heavy)\b|\bcosts?\b", re.I)),
    ("who", re.compile(r"\bwho(?:se|m)?\b", re.I)),
    ("where", re.compile(r"\bwhere\b", re.I)),
)
BONUS = 0.5
"""What a line is worth that holds the kind of thing that is asked for, in shares of the question's words."""


def best_line(question: str, passages: Sequence[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """The sentence or line that holds most of the question and the kind of thing it asks for, and its passage."""
    asked, kind = wanted(question), asks_for(question)
    lines = [(part, passage) for passage in passages for part in passage["parts"]]

    def worth(one: tuple[str, dict[str, Any]]) -> float:
        part, passage = one
        return share(asked, part) + 0.3 * float(passage["share"]) + BONUS * has_kind(part, kind)

    return max(lines, key=worth)


def asks_for(question: str) -> str:
    """What a question asks for: ``when``, ``amount``, ``who`` or ``where``; empty for anything else."""
    return next((kind for kind, pattern in _ASKS if pattern.search(question)), "")


def has_kind(text: str, kind: str) -> bool:
    """Whether a line holds a time, an amount, a name or a place."""
    match kind:
        case "when":
            return bool(_WHEN.search(text))
        case "amount":
            return any(not _YEAR.match(number) for number in NUMBER.findall(text))
        case "who":
            return bool(re.search(r"\b[A-Z][a-z]+ [A-Z][a-z]+\b", text))
        case "where":
            return bool(_WHERE.search(text))
    return False
