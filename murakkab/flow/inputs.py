"""The inputs of a workflow, read from the parameters of its function."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePath
from typing import Any, Literal

from murakkab.language.document import Data

from .declared import types_of
from .recorder import Recorder
from .references import Meaning, Ref
from .source import Site

_TYPES: list[tuple[type, str]] = [
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "text"),
    (PurePath, "document"),
]
_KNOWN = "str, int, float, bool, Path, Literal[...] of texts or an Enum of texts, each also '| None'"


@dataclass(frozen=True)
class Input:
    """What an input means and what it may be: ``topic: Annotated[str, Input("What it is about")]``.

    Attributes:
        description: shown as help.
        minimum: smallest number.
        maximum: largest number.
        unit: of the number, for example ``s`` or ``px``.
    """

    description: str = ""
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""


def inputs_of(function: Callable[..., Any], recorder: Recorder, site: Site) -> dict[str, Data]:
    """The ``inputs`` of a workflow; problems are noted.

    Raises:
        WorkflowError: an annotation cannot be read.
    """
    hints = types_of(function, site)
    found: dict[str, Data] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        where = _site(function, name, recorder, site)
        recorder.marks.append((("inputs", name), where, None))
        if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            recorder.note(where, f"'*{name}' cannot be an input", "name each input")
            continue
        declared = _declared(hints.get(name), parameter.default)
        if declared is None:
            hint = f"inputs are {_KNOWN}"
            recorder.note(where, f"the input '{name}' has no type that a run can be given", hint)
            declared = {"type": "text"}
        found[name] = declared
    return found


def references_to(inputs: typing.Iterable[str], recorder: Recorder) -> dict[str, Ref]:
    """A reference to each input."""
    return {name: _reference(name, recorder) for name in inputs}


def _reference(name: str, recorder: Recorder) -> Ref:
    return Ref(Meaning(recorder, lambda: f"inputs.{name}", plain=f"the input '{name}'"))


def _site(function: Callable[..., Any], name: str, recorder: Recorder, site: Site) -> Site:
    """Where a parameter stands."""
    node = recorder.source.function(function.__code__)
    spec = node.args if node else None
    arguments = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg] if spec else []
    for argument in arguments:
        if argument is not None and argument.arg == name:
            end = argument.col_offset + len(name.encode())
            return Site(site.file, argument.lineno, argument.col_offset, argument.lineno, end)
    return site


def _declared(hint: Any, default: object) -> dict[str, Data] | None:  # noqa: ANN401 - an annotation
    """An input as a workflow file has it; None when no input is of that type."""
    hint, told, optional = _unwrapped(hint)
    if hint is None and default not in (inspect.Parameter.empty, None):
        hint = type(default)
    declared = _typed(hint)
    if declared is None:
        return None
    if default is None or (optional and default is inspect.Parameter.empty):
        declared["optional"] = True
    elif default is not inspect.Parameter.empty:
        declared["default"] = default.value if isinstance(default, Enum) else default
    return declared | dict(_told(told))


def _told(told: Input) -> Iterator[tuple[str, Data]]:
    for name in ("minimum", "maximum"):
        if getattr(told, name) is not None:
            yield name, getattr(told, name)
    for name in ("unit", "description"):
        if getattr(told, name):
            yield name, getattr(told, name)


def _unwrapped(hint: Any) -> tuple[Any, Input, bool]:  # noqa: ANN401 - an annotation
    """The type itself, what ``Annotated`` tells of it, and whether it may be None."""
    told, optional = Input(), False
    while True:
        inner = [one for one in typing.get_args(hint) if one is not type(None)]
        if typing.get_origin(hint) is typing.Annotated:
            hint, *beside = inner
            told = next((t if isinstance(t, Input) else Input(t) for t in beside if isinstance(t, Input | str)), told)
        elif typing.get_origin(hint) in (typing.Union, types.UnionType) and len(inner) == 1:
            hint, optional = inner[0], True
        else:
            return hint, told, optional


def _typed(hint: Any) -> dict[str, Data] | None:  # noqa: ANN401 - an annotation
    choices: list[Data] = []
    if typing.get_origin(hint) is Literal:
        choices = list(typing.get_args(hint))
    elif isinstance(hint, type) and issubclass(hint, Enum):
        choices = [member.value for member in hint]
    if choices:
        return {"type": "choice", "choices": choices} if all(isinstance(c, str) for c in choices) else None
    if not isinstance(hint, type):
        return None
    return next(({"type": name} for kind, name in _TYPES if issubclass(hint, kind)), None)
