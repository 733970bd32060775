"""Gathers the problems of one document."""

from __future__ import annotations

from collections.abc import Mapping

from .document import Data, Document, Place, Span
from .expressions import Reference
from .problems import LIMIT, Problem, nearest

HINTS = 50
"""Problems after which nearest names are no longer looked for, so that a hostile file costs no time."""


class EnoughError(Exception):
    """So much is wrong that looking for more helps nobody."""


class Notes:
    """The problems found so far, each told at its place in the document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def at(self, place: Place, text: str, reference: Reference, message: str, hint: str, *, word: int = 0) -> None:
        """Report a problem with a word behind the root of a reference."""
        name = (
            reference.names[word] if len(reference.names) > word and reference.root.text != "item" else reference.root
        )
        self.note(self.document.text_span(place, text, name.start, name.end), message, hint)

    def nearest(self, name: str, known: Mapping[str, Data], what: str) -> str:
        """A hint for a name that is not known; none once many problems were told."""
        return nearest(name, known, what=what) if len(self.problems) < HINTS else ""

    def note(self, span: Span, message: str, hint: str) -> None:
        """Note a problem at a stretch of the file.

        Raises:
            EnoughError: there are too many.
        """
        self.problems.append(self.document.problem(span, message, hint))
        if len(self.problems) >= LIMIT:
            raise EnoughError
