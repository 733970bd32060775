"""Expressions: ``${{ inputs.x }}``, ``${{ nodes.n.field }}``, ``${{ item.field }}``, alone or inside a text.

Grammar of what stands between ``${{`` and ``}}``::

    reference = root { "." name }
    root      = "inputs" | "nodes" | "item"
    name      = letter-or-underscore { letter | digit | "_" | "-" }

``$${{`` writes a literal ``${{``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .document import Data, Place
from .problems import LIMIT, nearest, quoted

ROOTS = ("inputs", "nodes", "item")
OPEN, CLOSE = "${{", "}}"

_TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|(?P<dot>\.)|(?P<other>\S))")
_OPENING = re.compile(r"(\$?)\$\{\{")


@dataclass(frozen=True)
class Name:
    """A word of an expression and its first character in the text."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """The character behind the word."""
        return self.start + len(self.text)


@dataclass(frozen=True)
class Reference:
    """A parsed expression.

    Attributes:
        root: ``inputs``, ``nodes`` or ``item``.
        names: the words behind the root, dots between them.
    """

    root: Name
    names: tuple[Name, ...]

    @property
    def target(self) -> str:
        """Name of the input or node; empty for ``item``."""
        return self.names[0].text if self.names and self.root.text != "item" else ""

    @property
    def path(self) -> list[str]:
        """Fields of the value that is meant; empty for the whole of it."""
        return [name.text for name in self.names[0 if self.root.text == "item" else 1 :]]

    def __str__(self) -> str:
        return ".".join(name.text for name in (self.root, *self.names))


@dataclass(frozen=True)
class ExpressionFault:
    """What is wrong with an expression, and which characters of the text it is about."""

    start: int
    end: int
    message: str
    hint: str


@dataclass(frozen=True)
class Template:
    """A text taken apart: literal stretches and references in their order."""

    parts: tuple[str | Reference, ...]
    faults: tuple[ExpressionFault, ...] = ()

    @property
    def references(self) -> list[Reference]:
        """The references in it."""
        return [part for part in self.parts if isinstance(part, Reference)]

    @property
    def sole(self) -> Reference | None:
        """The reference when the text is one expression and nothing else, so that any kind of value may stand."""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], Reference) else None


def parse(text: str) -> Template:
    """Take a text apart; never raises, faults are in the result."""
    parts: list[str | Reference] = []
    faults: list[ExpressionFault] = []
    literal, at = "", 0
    while found := _OPENING.search(text, at):
        literal += text[at : found.start()]
        at = found.end()
        if found[1]:
            literal += OPEN
            continue
        start = found.start()
        close = text.find(CLOSE, at)
        if close < 0 or text.find(OPEN, at, close) >= 0:
            faults.append(ExpressionFault(start, start + 3, "the expression is not closed", "end it with ' }}'"))
            if close < 0 or len(faults) >= LIMIT:
                break
            continue
        parsed = _reference(text, at, close)
        if isinstance(parsed, Reference):
            parts += [literal, parsed] if literal else [parsed]
            literal = ""
        else:
            faults.append(parsed)
        at = close + len(CLOSE)
    literal += text[at:]
    if literal or not parts:
        parts.append(literal)
    return Template(tuple(parts), tuple(faults))


def _reference(text: str, start: int, end: int) -> Reference | ExpressionFault:
    """Parse what stands between the braces."""
    names: list[Name] = []
    want_name = True
    for token in _TOKEN.finditer(text, start, end):
        at, kind = token.start(token.lastgroup or 0), token.lastgroup
        if kind != ("name" if want_name else "dot"):
            what = "a name" if want_name else "'.' or '}}'"
            shown = token[token.lastgroup or 0]
            return ExpressionFault(at, at + len(shown), f"expected {what} here, got {quoted(shown)}", _FORMS)
        if want_name:
            names.append(Name(token["name"], at))
        want_name = not want_name
    if want_name:
        what = "a name is missing behind the dot" if names else "the expression is empty"
        return ExpressionFault(end if names else start - 3, end + 2, what, _FORMS)
    return _checked(names)


_FORMS = "expressions look like ${{ inputs.topic }}, ${{ nodes.speech.audio }} or ${{ item.text }}"


def _checked(names: list[Name]) -> Reference | ExpressionFault:
    root, rest = names[0], tuple(names[1:])
    if root.text not in ROOTS:
        message = f"{quoted(root.text)} is nothing that an expression can start with"
        return ExpressionFault(root.start, root.end, message, nearest(root.text, ROOTS, what="it starts with one of"))
    if root.text != "item" and not rest:
        message = f"'{root.text}' needs a name behind it"
        return ExpressionFault(root.start, root.end, message, f"write ${{{{ {root.text}.name }}}}")
    if root.text == "inputs" and len(rest) > 1:
        extra = rest[1]
        message = f"the input '{rest[0].text}' has no fields"
        return ExpressionFault(extra.start, extra.end, message, f"write ${{{{ inputs.{rest[0].text} }}}}")
    return Reference(root, rest)


def texts(value: Data, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every text inside plain data with its place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from texts(inner, (*place, index))
