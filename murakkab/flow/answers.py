"""What a declared text generation must answer, from the return type of its function."""

from __future__ import annotations

import typing
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

from pydantic import PydanticUserError, TypeAdapter

from murakkab.language.document import Data
from murakkab.language.kinds import Kind, ListOf, Object, Scalar, Union, from_json_schema

from .declared import types_of
from .source import Site, refuse


def answer_of(function: Callable[..., Any], site: Site) -> Data:
    """The ``returns:`` of a function in the notation of the language; None for a text or anything.

    Of an iterator it is what one item must be.

    Raises:
        WorkflowError: nothing of that type can be asked of a model.
    """
    hint = types_of(function, site).get("return", Any)
    if typing.get_origin(hint) in (Iterator, Iterable, Generator):
        hint = typing.get_args(hint)[0]
    if hint in (Any, str, object, None, type(None)):
        return None
    try:
        return notation(from_json_schema(TypeAdapter(hint).json_schema()))
    except (PydanticUserError, ValueError) as fault:
        said = str(fault).partition("\n")[0]
        refuse(f"no model can be asked for what {function.__name__}() returns: {said}", "return a pydantic model", site)


def notation(kind: Kind) -> Data:
    """A kind as it is written in a workflow file; what the notation cannot say is ``json``."""
    match kind:
        case Scalar():
            return kind.name
        case ListOf():
            return [notation(kind.item)]
        case Object():
            return {f.name + "?" * f.optional: notation(f.kind) for f in kind.fields} or "json"
        case Union() if kind.options and all(isinstance(option, Scalar) for option in kind.options):
            return " | ".join(map(str, kind.options))
    return "json"
