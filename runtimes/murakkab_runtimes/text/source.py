"""A document to stay with: its passages, retrieval with BM25, and the check that a sentence rests on them."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from murakkab_runtimes.text.words import STOPWORDS, content, stem, tokens

Passage = dict[str, Any]
"""``{"id": int, "text": str, "page": int | None, "heading": str | None}``."""


class Source:
    """The passages of one document.

    Args:
        reading: the value of a document-reading node (``title``, ``passages``).
    """

    def __init__(self, reading: dict[str, Any]) -> None:
        self.title = str(reading.get("title") or "")
        self.passages: list[Passage] = [
            {"id": p["id"], "page": p.get("page"), "text": p["text"], "heading": p.get("heading")}
            for p in reading["passages"]
        ]

    @cached_property
    def _by_id(self) -> dict[int, Passage]:
        return {p["id"]: p for p in self.passages}

    def passage(self, number: int) -> Passage:
        """The passage with that id."""
        return self._by_id[number]

    @cached_property
    def _index(self) -> Any:  # noqa: ANN401 - a class of the library without types
        import bm25s  # type: ignore[import-untyped]

        index = bm25s.BM25()
        index.index([_terms(p["text"]) or ["-"] for p in self.passages], show_progress=False)
        return index

    def top(self, query: str, count: int) -> list[Passage]:
        """Return up to ``count`` passages by BM25, best first; none that shares no word with the query."""
        terms = [t for t in _terms(query) if t in self._index.vocab_dict]
        if not terms:
            return []
        count = min(count, len(self.passages))
        rows, scores = self._index.retrieve([terms], k=count, show_progress=False)
        return [self.passages[int(i)] for i, score in zip(rows[0], scores[0], strict=True) if score > 0]

    def sample(self, passages: list[Passage], count: int) -> list[Passage]:
        """At most ``count`` of ``passages``, evenly spread, in the document's order."""
        ordered = sorted(passages, key=lambda p: int(p["id"]))
        if len(ordered) <= count:
            return ordered
        return [ordered[i * len(ordered) // count] for i in range(count)]


def _terms(text: str) -> list[str]:
    return [stem(w) for w in tokens(text) if w not in STOPWORDS]


def supported(sentence: str, passages: list[str]) -> bool:
    """Whether figures and names of ``sentence`` stand in the passages, and most of its words of meaning."""
    text = " ".join(passages)
    known = content(text)
    figures = set(re.findall(r"\d+(?:[.,]\d+)*", sentence))
    names = re.findall(r"(?<!^)\b[A-Z][a-z]+", sentence)
    words = content(sentence)
    inside = len(words & known) / max(1, len(words))
    figured = figures <= set(re.findall(r"\d+(?:[.,]\d+)*", text))
    return figured and all(content(n) <= known for n in names) and inside >= 0.7
