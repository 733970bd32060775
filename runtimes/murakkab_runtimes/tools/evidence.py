"""Adapter ``evidence``: the passages of a video that a question is about."""

from __future__ import annotations

from typing import Any

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.tools.asked import best_line
from murakkab_runtimes.tools.passages_of_video import LEAST, Found, clock, rank, said_passages, shown_passages

LONGEST = 300
"""Characters of a line that a model is shown."""


class Evidence(Runtime):
    """Ranks what is said (``said``, segments) and shown (``frames`` and ``shown``, their texts) by ``question``.

    The knob ``count`` says how many passages are kept. The value is ``{"passages", "best", "context", "found"}``: a
    passage is ``{"text", "parts", "kind", "start", "end", "at", "share"}``, ``context`` the line that a small model
    should look at, ``best`` the index of its passage, and ``found`` whether the passages hold enough of the question.
    """

    def run(self, task: Task) -> Output:
        """Rank the passages."""
        question = task.arguments.get("question")
        if not isinstance(question, str) or not question.strip():
            raise InputError("there is no question; give the argument 'question' a text")
        frames, said = task.arguments.get("frames") or [], task.arguments.get("said") or []
        end = max([0.0, *(f["time"] + 10 for f in frames[-1:]), *(s["end"] for s in said[-1:])])
        shown = shown_passages(frames, task.arguments.get("shown") or [], end)
        found = rank(question, [*shown, *said_passages(said, shown)], int(task.knobs.get("count", 4)))
        best = max((one.around for one in found), default=0.0)
        passages = [_told(one) for one in found]
        line, passage = best_line(question, passages) if passages else ("", None)
        return Output(
            {
                "passages": passages,
                "best": passages.index(passage) if passage else 0,
                "context": line[:LONGEST],
                "found": best >= LEAST,
            },
            {"passages": len(found), "found": best >= LEAST},
        )


def _told(one: Found) -> dict[str, Any]:
    passage = one.passage
    return {
        "text": passage.text,
        "parts": list(passage.parts),
        "kind": passage.kind,
        "start": passage.start,
        "end": passage.end,
        "at": clock(passage.start),
        "share": one.share,
    }
