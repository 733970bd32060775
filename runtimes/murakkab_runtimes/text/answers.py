"""Answers as a stream of checked sentences, each with the passage that it rests on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from murakkab_runtimes.text import bounded, checks
from murakkab_runtimes.text.budget import Budget
from murakkab_runtimes.text.exchange import Exchange
from murakkab_runtimes.text.model import LanguageModel, Request
from murakkab_runtimes.text.prompts import free_messages
from murakkab_runtimes.text.source import supported
from murakkab_runtimes.text.words import alike, sentences

Line = tuple[str, dict[str, Any] | None]
"""A sentence and its passage."""

TINY_WORDS = (12, 20)
"""Fewest and most words of the one answer of a very short episode."""

LONG_SENTENCE = 26
"""Words from which a document's sentence is shortened before it is read out."""


class Answers:
    """Writes the sentences of one section's answers.

    Args:
        model: writes or shortens them.
        section: gives topic and ground.
        state: ``said`` (every sentence so far) and ``connectors`` are read and kept up to date.
        rng: source of seeds.
    """

    def __init__(
        self, model: LanguageModel, section: dict[str, Any], state: dict[str, Any], rng: random.Random
    ) -> None:
        self._model, self._section, self._state, self._rng = model, section, state, rng

    def stream(self, exchange: Exchange, sentences_wanted: int) -> Iterator[Line]:
        """Yield sentences that answer ``exchange``; the caller stops when it has heard enough."""
        if self._model.bounded:
            written = self._read_out(exchange) if exchange["lines"] else self._continue(exchange)
        else:
            written = self._compose(exchange, sentences_wanted)
        for line in written:
            self._state["said"].append(line[0])
            yield line

    def _said(self, sentence: str) -> bool:
        return checks.repeats(sentence, self._state["said"])

    def _read_out(self, exchange: Exchange) -> Iterator[Line]:
        """The document's own sentences, long ones shortened where no fact is lost."""
        for line in exchange["lines"]:
            text = line["text"]
            if len(text.split()) > LONG_SENTENCE:
                text = bounded.shortened(self._model, text, self._rng) or text
            if not self._said(text):
                yield text, line["passage"]

    def _continue(self, exchange: Exchange) -> Iterator[Line]:
        """A small model's sentences, each from a given beginning."""
        topic = self._section["spoken"]
        words = TINY_WORDS if Budget(self._section["duration"]).tiny else (0, 30)
        question = bounded.Question(topic, exchange["question"], exchange["stem"], words)
        sentence = bounded.first_sentence(self._model, question, self._state["said"], self._rng)
        answer = ""
        while sentence:
            yield sentence, None
            answer = f"{answer} {sentence}".strip()
            sentence = bounded.next_sentence(
                self._model, question, answer, self._state["said"], self._rng, self._state["connectors"]
            )

    def _compose(self, exchange: Exchange, wanted: int) -> Iterator[Line]:
        """A large model's sentences; those that break the rules are left out, a document's own fill the gap."""
        passages = list({line["passage"]["id"]: line["passage"] for line in exchange["lines"]}.values())
        texts = [p["text"] for p in passages]
        kept = 0
        for attempt in range(2):
            for sentence in self._written(exchange, texts, wanted, attempt):
                kept += 1
                yield sentence, next((p for p in passages if supported(sentence, [p["text"]])), (passages or [None])[0])
            if kept:
                return
        yield from self._read_out(exchange)

    def _written(self, exchange: Exchange, texts: list[str], wanted: int, attempt: int) -> list[str]:
        messages = free_messages(self._section["topic"], exchange["question"], self._state["said"], texts, wanted)
        request = Request(
            messages, max_tokens=60 * wanted + 40, temperature=0.4 + 0.3 * attempt, seed=self._rng.randrange(2**31)
        )
        found = [bounded.tidy(s) for s in sentences(self._model.complete(request).text)]
        good = [s for s in found if self._answers(s, exchange["question"], texts)]
        return list(dict.fromkeys(good))[:wanted]

    def _answers(self, sentence: str, question: str, texts: list[str]) -> bool:
        """Whether a sentence is a new statement that the passages, where there are any, support."""
        if sentence.endswith("?") or alike(sentence, question) or self._said(sentence):
            return False
        return not checks.faults(sentence) and (not texts or supported(sentence, texts))
