"""The form ``plain``: a prompt in, a text or JSON out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from murakkab_runtimes.base import Output, Task
from murakkab_runtimes.text import structured
from murakkab_runtimes.text.asked import Asked
from murakkab_runtimes.text.model import Completion, LanguageModel, Request
from murakkab_runtimes.text.words import sentences


def plain(task: Task, model: LanguageModel) -> Output:
    """Answer ``prompt``.

    Arguments of the task, all but the first optional: ``prompt`` (text), ``system`` (who answers and how), ``source``
    (a text, passages or a document's reading to stay with), ``returns`` (a JSON Schema), ``words`` (at most), ``stop``
    (text or texts that end the answer), ``temperature`` (else the knob), ``examples`` (``{"prompt", "answer"}`` to
    imitate), ``candidates`` (how many answers to give, each an item) and ``warmest`` (temperature of the last of them).

    Where the node streams, items are sentences ``{"text"}`` while they are written; with ``returns`` or ``candidates``,
    whole answers.

    Returns:
        The first answer: JSON as ``returns`` says, else ``{"text": str, "finished": bool}``; finished is False where
        a limit cut it short.

    Raises:
        InputError: an argument cannot be used.
    """
    asked = Asked.read(task, model)
    if asked.candidates == 1 and asked.schema is None:
        return Output(_text(task, model, asked, asked.request(0), _Sentences(task) if task.streams else None))
    answers = []
    for answer in _answers(task, model, asked):
        answers.append(answer)
        if task.streams:
            task.emit(answer)
    return Output(answers[0])


def _answers(task: Task, model: LanguageModel, asked: Asked) -> Iterator[Any]:
    """Whole answers; those in plain words are asked for together where all are equally warm."""
    requests = [asked.request(index) for index in range(asked.candidates)]
    task.progress(0.0)
    if asked.schema is not None:
        yield from (structured.answer(model, request, asked.schema) for request in requests)
        return
    together = len(set(asked.temperatures)) == 1
    for batch in [requests] if together else [[request] for request in requests]:
        yield from (_cut(answer, asked) for answer in model.complete_all(batch))


def _text(
    task: Task, model: LanguageModel, asked: Asked, request: Request, spoken: _Sentences | None
) -> dict[str, Any]:
    def heard(text: str) -> None:
        task.progress(0.0)
        if spoken is not None:
            spoken.hear(within(text, asked.words)[0])

    cut = _cut(model.complete(request, heard), asked)
    if spoken is not None:
        spoken.end(cut["text"])
    return cut


def _cut(answer: Completion, asked: Asked) -> dict[str, Any]:
    text, whole = within(answer.text.strip(), asked.words)
    return {"text": text, "finished": answer.finished and whole}


class _Sentences:
    """Emits each sentence of a growing text as soon as another one has begun."""

    def __init__(self, task: Task) -> None:
        self._task, self._emitted = task, 0

    def hear(self, text: str) -> None:
        self._emit(sentences(text)[:-1])

    def end(self, text: str) -> None:
        self._emit(sentences(text))

    def _emit(self, found: list[str]) -> None:
        for sentence in found[self._emitted :]:
            self._task.emit({"text": sentence})
            self._emitted += 1


def within(text: str, words: int | None) -> tuple[str, bool]:
    """The whole sentences of ``text`` that have at most ``words`` words, and whether those are all of it.

    Where not even the first fits, its beginning.
    """
    if words is None or len(text.split()) <= words:
        return text, True
    kept: list[str] = []
    for sentence in sentences(text):
        if len(" ".join([*kept, sentence]).split()) > words:
            break
        kept.append(sentence)
    return " ".join(kept) or " ".join(text.split()[:words]), False
