"""Probes of tools: readers, checkers, choosers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from murakkab.profiling.probe import Inputs, Piece, Probe
from murakkab.profiling.probes import samples
from murakkab_optimizer.catalog import ModelCard

_SAID = [
    {"start": 4.0 * n, "end": 4.0 * n + 3.5, "text": text}
    for n, text in enumerate(
        [samples.SHORT, "The harbour was closed in 1912.", "Sixty trees stand behind the school.", samples.LONG] * 5
    )
]
_QUESTION = "When was the harbour closed?"


def documents(card: ModelCard) -> Sequence[Probe]:
    """A short and a long text, by the word."""
    return [Probe("word", lambda inputs: [_document(inputs, count) for count in (10, 200)])]


def _document(inputs: Inputs, count: int) -> Piece:
    text = "# Tides\n\n" + "\n\n".join([samples.LONG] * count)
    return Piece({"file": samples.written(inputs, f"document-{count}.md", text)}, len(text.split()))


def decks(card: ModelCard) -> Sequence[Probe]:
    """Two slides."""
    return [
        Probe("task", lambda inputs: [Piece({"file": samples.written(inputs, "tides.md", samples.DECK)})], streams=True)
    ]


def cast(card: ModelCard) -> Sequence[Probe]:
    """The hosts that are there when nobody names any."""
    return _task({})


def code(card: ModelCard) -> Sequence[Probe]:
    """A right function with two tests."""
    return _task(
        {"code": "def double(x):\n    return 2 * x\n", "tests": "assert double(2) == 4\nassert double(0) == 0\n"}
    )


def selection(card: ModelCard) -> Sequence[Probe]:
    """The best of ten."""
    return _task({"items": [{"score": number} for number in range(10)], "by": "score"})


def calculation(card: ModelCard) -> Sequence[Probe]:
    """A sum with two steps."""
    return _task({"expression": "(3 + 4) * 12 / 7", "steps": ["3 + 4 = 7", "7 * 12 = 84"]})


def vote(card: ModelCard) -> Sequence[Probe]:
    """Ten votes."""
    return _task({"items": [{"answer": str(number % 3)} for number in range(10)]})


def rewrites(card: ModelCard) -> Sequence[Probe]:
    """Three candidates for one sentence."""
    original = "The old harbour, which was built by merchants, was finally closed in 1912 because it was too shallow."
    texts = ["The old harbour was closed in 1912.", "The harbour was not closed.", "Merchants built the old harbour."]
    return _task({"original": original, "candidates": [{"text": text} for text in texts]})


def ranking(card: ModelCard) -> Sequence[Probe]:
    """A question about twenty sentences."""
    return _task(_EVIDENCE)


_EVIDENCE: dict[str, Any] = {"question": _QUESTION, "said": _SAID, "frames": [], "shown": []}


def grounding(card: ModelCard) -> Sequence[Probe]:
    """Two answers to a question about twenty sentences."""
    return [Probe("task", _grounded)]


def _grounded(inputs: Inputs) -> Sequence[Piece]:
    evidence = inputs.made("evidence", _EVIDENCE).value
    answers = [{"text": "It was closed in 1912."}, {"text": "It was opened in 1950."}]
    return [Piece({"question": _QUESTION, "answers": answers, "evidence": evidence})]


def _task(arguments: dict[str, Any]) -> Sequence[Probe]:
    return [Probe("task", lambda inputs: [Piece(arguments)])]
