"""Adapter ``grounding``: takes an answer only where the evidence holds it, and says where."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.text.words import sentences, tokens
from murakkab_runtimes.tools.asked import NUMBER, asks_for, has_kind
from murakkab_runtimes.tools.passages_of_video import FILM_STEMS, terms

NOT_THERE = "That is not in the video."
_NEGATION = re.compile(r"\b(?:not|no|never|none|nobody|nothing|cannot|without)\b|n't\b", re.I)


class Grounding(Runtime):
    """Grounds the ``answers`` (``{"text"}`` each; none where nothing was asked) to ``question`` on ``evidence``.

    The value is ``{"answer", "found", "by", "quote", "kind", "start", "at", "evidence", "refused"}``. ``by`` is
    ``model`` for the first answer that the evidence holds, ``quote`` where the best line of the evidence stands in for
    one, and ``none`` where the video does not hold what is asked.
    """

    def run(self, task: Task) -> Output:
        """Choose the answer and the line that it rests on."""
        question, evidence = task.arguments.get("question"), task.arguments.get("evidence")
        if not isinstance(question, str) or not isinstance(evidence, dict):
            raise InputError("an answer is grounded on a question and evidence; give both arguments")
        answers = [str(a["text"]).strip() for a in task.arguments.get("answers") or [] if a]
        if not evidence["found"]:
            nothing: dict[str, Any] = {"quote": None, "kind": None, "start": None, "at": None, "evidence": []}
            return Output({"answer": NOT_THERE, "found": False, "by": "none", **nothing, "refused": answers})
        line, passage = evidence["context"], evidence["passages"][evidence["best"]]
        answer, refused = _held(answers, question, line, passage)
        return Output(
            {
                "answer": answer or line,
                "found": True,
                "by": "model" if answer else "quote",
                "quote": line,
                "kind": passage["kind"],
                "start": passage["start"],
                "at": passage["at"],
                "evidence": [{key: p[key] for key in ("text", "kind", "start", "end", "at")} for p in _used(evidence)],
                "refused": refused,
            },
            {"by": "model" if answer else "quote"},
        )


def _used(evidence: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The passages that hold at least half as much as the best one."""
    most = max(p["share"] for p in evidence["passages"])
    return [p for p in evidence["passages"] if p["share"] >= most / 2]


def _held(answers: Sequence[str], question: str, line: str, passage: Mapping[str, Any]) -> tuple[str, list[str]]:
    refused: list[str] = []
    for text in answers:
        for answer in _shorter(text):
            if holds(answer, question, line, passage["text"]):
                return answer, refused
        refused.append(text)
    return "", refused


def _shorter(text: str) -> list[str]:
    """The first sentence of an answer, and its beginning up to the first comma."""
    first = next(iter(sentences(text)), "")
    return [first, f"{first.split(', ')[0]}."] if ", " in first else [first]


def holds(answer: str, question: str, line: str, passage: str) -> bool:
    """Whether an answer says nothing that the passage does not, and says what the line does about the question."""
    new = set(terms(answer)) - set(terms(question)) - FILM_STEMS
    numbers = set(NUMBER.findall(answer))
    clause = max(re.split(r"[,;]|\bbut\b", line), key=lambda part: len(set(terms(part)) & set(terms(answer))))
    denies = bool(_NEGATION.search(answer)) != bool(_NEGATION.search(clause))
    if not new or denies or not numbers <= set(NUMBER.findall(f"{passage} {question}")):
        return False
    kind = asks_for(question)
    if kind and not has_kind(answer, kind):
        return False
    return new <= set(terms(f"{passage} {question}")) and bool(new & set(terms(line))) and len(tokens(answer)) <= 40
