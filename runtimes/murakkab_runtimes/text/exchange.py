"""A planned question: what is asked and what its answer rests on. Sections carry a list of them."""

from __future__ import annotations

from typing import Any

Exchange = dict[str, Any]
"""``{"title", "question", "stem", "mood", "passage", "phrase", "lines", "follow"}``.

``question`` is empty for a follow-up on what was just said, ``stem`` is how a small model's answer begins,
``lines`` are ``{"text", "passage"}`` of a document that answer it, ``follow`` marks a question on the last answer.
"""


def exchange(
    title: str, question: str, stem: str, mood: str, passage: dict[str, Any] | None = None, phrase: str = ""
) -> Exchange:
    """One planned question without lines."""
    return {
        "title": title,
        "question": question,
        "stem": stem,
        "mood": mood,
        "passage": passage,
        "phrase": phrase,
        "lines": [],
        "follow": False,
    }


FOLLOW_UP = exchange("", "", "", "warm")
"""Asks on what was said last."""
