"""What is wrong with a workflow file or with the inputs of a run, told so that a person can act on it."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

LIMIT = 1000
"""Problems of one kind after which no more are looked for, so that a hostile file costs little."""

SHOWN = 25
"""Problems printed at most; ``WorkflowError.problems`` holds all."""

_WINDOW = 120
_COMPARED = 1000

ALIKE = 0.7
"""Likeness (0 to 1, of difflib) from which a word is taken for a misspelling of another."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong (or, in ``Workflow.warnings``, odd) in a workflow file.

    Attributes:
        file: as it was given.
        line: counted from 1; 0 where the problem is not at a place in the file.
        column: in characters, counted from 1.
        message: what is wrong.
        hint: what to write instead; may be empty.
        source_line: the line of the file.
        length: characters that the problem covers in that line.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    source_line: str = ""
    length: int = 1

    def __str__(self) -> str:
        at = f":{self.line}:{self.column}" if self.line else ""
        head = f"{printable(self.file)}{at}: {printable(self.message)}"
        lines = [head, *self._excerpt()]
        if self.hint:
            lines.append(f"    {printable(self.hint)}")
        return "\n".join(lines)

    def _excerpt(self) -> Iterable[str]:
        if not self.line:
            return
        start = max(0, min(self.column - _WINDOW // 2, len(self.source_line) - _WINDOW))
        shown = printable(self.source_line[start : start + _WINDOW])
        before = printable(self.source_line[start : self.column - 1])
        marked = printable(self.source_line[self.column - 1 : self.column - 1 + self.length])
        number = f"{self.line:>5} | "
        yield number + shown
        yield " " * (len(number) - 2) + "| " + " " * cells(before) + "^" * max(1, min(cells(marked), _WINDOW // 2))


class WorkflowError(Exception):
    """A workflow file cannot be used. ``str()`` is ready to print.

    Attributes:
        problems: everything that is wrong, in the order of the file.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        blocks = [str(problem) for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            blocks.append(f"... and {len(self.problems) - SHOWN} more problems")
        return "\n\n".join(blocks)


class InputProblem(Exception):
    """Inputs of a run do not fit the workflow. ``str()`` is ready to print, one line for each bad input.

    Attributes:
        messages: input name -> what is wrong with it and what to do.
    """

    def __init__(self, messages: Mapping[str, str]) -> None:
        self.messages = dict(messages)
        super().__init__(self.messages)

    def __str__(self) -> str:
        return "\n".join(printable(f"{name}: {message}") for name, message in self.messages.items())


def nearest(word: str, known: Iterable[str], *, what: str = "known names") -> str:
    """A hint for a word that is not among ``known``: the nearest of them, or all when none is near."""
    names = sorted(islice(known, _COMPARED))
    close = difflib.get_close_matches(word[:100].lower(), names, n=1, cutoff=ALIKE)
    if close:
        return f"did you mean '{close[0]}'?"
    if not names:
        return f"there are no {what}"
    return f"{what}: {', '.join(names[:20])}" + (", ..." if len(names) > 20 else "")


def describe(value: object) -> str:
    """Say what a value read from YAML is, for messages of the form "expected ..., got ..."."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text {quoted(value)}"
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case _:
            return "a group of 'name: value' lines"


def quoted(text: str) -> str:
    """The text in quotes, on one line and not longer than a message bears."""
    shown = printable(text)
    return f"'{shown[:57]}...'" if len(shown) > 60 else f"'{shown}'"


def printable(text: str) -> str:
    """The text with a space for a tab and ``?`` for what a terminal might act on."""
    return "".join(c if c.isprintable() else " " if c == "\t" else "?" for c in text)


def cells(text: str) -> int:
    """Width of the text in terminal cells (East Asian wide characters take two, combining ones none)."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
