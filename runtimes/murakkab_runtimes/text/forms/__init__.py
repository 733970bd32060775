"""Structured compositions that every text-generation adapter can write: one file a form, found by name."""

from __future__ import annotations

from collections.abc import Callable

from murakkab_runtimes.base import InputError, Output, Task
from murakkab_runtimes.text.forms.code import code
from murakkab_runtimes.text.forms.dialogue import dialogue
from murakkab_runtimes.text.forms.lecture import lecture
from murakkab_runtimes.text.forms.outline import outline
from murakkab_runtimes.text.forms.plain import plain
from murakkab_runtimes.text.forms.plot import plot
from murakkab_runtimes.text.forms.story import story
from murakkab_runtimes.text.model import LanguageModel

Form = Callable[[Task, LanguageModel], Output]

FORMS: dict[str, Form] = {
    "code": code,
    "dialogue": dialogue,
    "lecture": lecture,
    "outline": outline,
    "plain": plain,
    "plot": plot,
    "story": story,
}


def form(name: object) -> Form:
    """Return the form of that name.

    Raises:
        InputError: there is none; the message lists the forms.
    """
    if not isinstance(name, str) or name not in FORMS:
        raise InputError(f"unknown form {name!r}; set 'form' to one of: {', '.join(sorted(FORMS))}")
    return FORMS[name]
