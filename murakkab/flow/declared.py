"""What a Python function says of itself: whether it only declares, what it takes and what it gives."""

from __future__ import annotations

import dis
import inspect
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from murakkab.language.problems import nearest

from .source import Site, refuse

_PASSED_OVER = ("RESUME", "NOP", "CACHE", "EXTENDED_ARG")


def _nothing() -> None: ...


def _documented() -> None:
    """Only this text."""


def _unwritten() -> None:
    raise NotImplementedError


def _steps(function: Callable[..., Any]) -> list[tuple[str, object]]:
    instructions = dis.get_instructions(function.__code__)
    return [(i.opname, i.argval) for i in instructions if i.opname not in _PASSED_OVER]


_EMPTY = [_steps(function) for function in (_nothing, _documented, _unwritten)]


def is_declaration(function: Callable[..., Any]) -> bool:
    """Whether the body is only ``...``, ``pass``, a docstring or ``raise NotImplementedError``."""
    return _steps(function) in _EMPTY


def given(function: Callable[..., Any], arguments: tuple[object, ...], named: Mapping[str, object]) -> dict[str, Any]:
    """The arguments of a call by their names, in the order of the call; a name or position for each.

    Returns:
        name -> (value, the position or keyword that it was given as).

    Raises:
        WorkflowError: the function does not take them.
    """
    parameters = inspect.signature(function).parameters
    _refuse_unknown(function, parameters, named)
    try:
        bound = inspect.signature(function).bind(*arguments, **named)
    except TypeError as fault:
        refuse(f"{function.__name__}(): {fault}", f"it takes: {', '.join(parameters)}" if parameters else "")
    positions = dict(zip(parameters, range(len(arguments)), strict=False))
    found: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        kind = parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            found |= {key: (inner, key) for key, inner in value.items()}
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            refuse(f"{function.__name__}() takes any number of arguments: *{name}", "take a list instead")
        else:
            found[name] = (value, positions.get(name, name))
    order = {name: index for index, name in enumerate([*positions, *named])}
    return dict(sorted(found.items(), key=lambda pair: order.get(pair[0], len(order))))


def defaults_of(function: Callable[..., Any]) -> dict[str, object]:
    """The defaults that a declaration gives its parameters; ``...`` and None leave them to who does the work."""
    parameters = inspect.signature(function).parameters.values()
    unset = (inspect.Parameter.empty, None, ...)
    return {p.name: p.default for p in parameters if not any(p.default is one for one in unset)}


def _refuse_unknown(
    function: Callable[..., Any], parameters: Mapping[str, inspect.Parameter], named: Mapping[str, object]
) -> None:
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
        return
    for name in named:
        if name not in parameters:
            refuse(f"{function.__name__}() takes no argument '{name}'", nearest(name, parameters, what="it takes"))


def types_of(function: Callable[..., Any], site: Site) -> dict[str, Any]:
    """The types of parameters and of the return value, with what stands beside them in ``Annotated``.

    Raises:
        WorkflowError: an annotation names what does not exist.
    """
    try:
        return typing.get_type_hints(function, include_extras=True)
    except (NameError, AttributeError, TypeError) as fault:
        hint = "import or define it at the top of the module"
        refuse(f"an annotation of {function.__name__}() cannot be read: {fault}", hint, site)


def function_name(function: Callable[..., Any], file: str, site: Site) -> str:
    """How a workflow in ``file`` names the function: ``tools.py:name`` or ``package.module:name``.

    Raises:
        WorkflowError: a worker could not find the function by that.
    """
    name, qualified = function.__name__, function.__qualname__
    if name != qualified or name == "<lambda>":
        refuse(f"the function '{qualified}' is no function of a module", "define it at the top of a file", site)
    own = Path(function.__code__.co_filename)
    if not own.is_file():
        refuse(f"the function '{name}' stands in no file", "write it into a .py file", site)
    if own.resolve().parent == Path(file).resolve().parent:
        return f"{own.name}:{name}"
    if function.__module__ == "__main__":
        return f"{own.resolve()}:{name}"
    return f"{function.__module__}:{name}"
