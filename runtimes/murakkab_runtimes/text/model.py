"""What a form asks of a language model, whoever serves it."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from murakkab_runtimes.base import Output, Runtime, Task

Message = dict[str, str]
"""``{"role": "system" | "user" | "assistant", "content": text}``."""


@dataclass(frozen=True)
class Request:
    """One completion.

    Attributes:
        messages: the chat so far, system message first.
        prefill: how the answer begins; only models with ``bounded`` honour it.
        grammar: GBNF that bounds what follows the prefill; only models with ``bounded`` honour it.
        schema: JSON schema of the answer. A model with ``bounded`` writes nothing else; another one is asked to, and
            its answer must be checked.
        stop: texts before which the answer ends.
        max_tokens: longest answer.
        temperature: 0 is greedy.
        repeat_penalty: above 1, words that were just used are avoided: good for prose, bad for code and sums; only
            models with ``bounded`` honour it.
        seed: equal seeds give equal answers where the server keeps its promise.
    """

    messages: tuple[Message, ...]
    prefill: str = ""
    grammar: str | None = None
    schema: dict[str, Any] | None = None
    stop: tuple[str, ...] = ()
    max_tokens: int = 200
    temperature: float = 0.3
    repeat_penalty: float = 1.1
    seed: int = 0


Heard = Callable[[str], None]
"""Told all that was written so far, each time that it grows. What it raises ends the answer."""


@dataclass(frozen=True)
class Completion:
    """An answer, prefill included; ``finished`` is False where ``max_tokens`` cut it short."""

    text: str
    finished: bool


class LanguageModel(Runtime):
    """A text-generation adapter: it completes, the forms compose.

    ``bounded`` says how the forms use it. True: a small model that can continue a given beginning under a grammar,
    one sentence at a time; the program owns outline and questions. False: a large model that follows
    instructions; it also writes the outline.
    """

    bounded: bool = True

    _task: Task | None = None
    _done = 0.0

    def alive(self) -> None:
        """Say that an answer is being written; call it between its pieces. It ends the answer of a stopped task."""
        if self._task is not None:
            self._task.progress(self._done)

    @abstractmethod
    def complete(self, request: Request, heard: Heard | None = None) -> Completion:
        """Answer one request; ``heard`` follows it while it is written."""

    def complete_all(self, requests: list[Request]) -> Iterable[Completion]:
        """Answer requests whose settings are equal: one after the other, or at once where a model is faster so."""
        return map(self.complete, requests)

    def run(self, task: Task) -> Output:
        """Write the form that ``task.arguments["form"]`` names (default ``plain``)."""
        from murakkab_runtimes.text.forms import form

        write = form(task.arguments.get("form", "plain"))
        self._task, self._done = task, 0.0
        try:
            return write(dataclasses.replace(task, on_progress=self._told), self)
        finally:
            self._task = None

    def _told(self, done: float) -> None:
        """A form says what share of its task is done."""
        self._done = done
        self.alive()
