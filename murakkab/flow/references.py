"""References: what stands for a value while a workflow is written down, before any value exists."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn

from murakkab.language.document import Data

from .source import refuse

if TYPE_CHECKING:
    from .recorder import Recorder

_CONDITION = "a condition"

Spell = Callable[[], str]
"""Gives the words of an expression as they are right where it is asked."""

_OR, _AND, _UNARY, _OPERAND = range(4)
"""How strongly the outermost operator of an expression binds."""


@dataclass(frozen=True)
class Meaning:
    """What a reference stands for.

    Attributes:
        recorder: of the workflow that it belongs to; None for what means the same everywhere.
        spell: its words; raises ``WorkflowError`` where it means nothing.
        binding: how strongly its outermost operator binds.
        plain: what to call it where its value has no fields; empty where it may have some.
    """

    recorder: Recorder | None
    spell: Spell
    binding: int = _OPERAND
    plain: str = ""


class Ref:
    """Stands for a value that a run will have: an input, what a task gives, the item of a block, a condition.

    ``ref.field`` and ``ref["field"]`` are fields of it, ``f"{ref}"`` puts it into a text, and ``== != < <= > >= & | ~``
    make conditions. It has no public names of its own, so that every field can be reached.
    """

    __slots__ = ("__meaning",)
    __meaning: Meaning

    def __init__(self, meaning: Meaning) -> None:
        object.__setattr__(self, "_Ref__meaning", meaning)

    def __getattr__(self, name: str) -> Ref:
        if name.startswith("_"):
            raise AttributeError(f'a reference has no attribute {name!r}; for a field of that name write ref["{name}"]')
        return _field(self, name)

    def __getitem__(self, name: object) -> Ref:
        if isinstance(name, str):
            return _field(self, name)
        return refuse("a reference has no positions", "run over its items: for item in each(...)")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        refuse(f"'{name}' of a reference cannot be set", "give the value to a task as an argument")

    def __str__(self) -> str:
        return text_of(self)

    def __repr__(self) -> str:
        return f"<reference {text_of(self)}>"

    def __format__(self, spec: str) -> str:
        if spec:
            refuse(f"the format ':{spec}' needs a value, and there is none yet", "write {name} alone")
        return text_of(self)

    def __eq__(self, other: object) -> Ref:  # type: ignore[override]
        return _compared("==", self, other)

    def __ne__(self, other: object) -> Ref:  # type: ignore[override]
        return _compared("!=", self, other)

    def __lt__(self, other: object) -> Ref:
        return _compared("<", self, other)

    def __le__(self, other: object) -> Ref:
        return _compared("<=", self, other)

    def __gt__(self, other: object) -> Ref:
        return _compared(">", self, other)

    def __ge__(self, other: object) -> Ref:
        return _compared(">=", self, other)

    def __and__(self, other: object) -> Ref:
        return both(self, other)

    def __rand__(self, other: object) -> Ref:
        return both(other, self)

    def __or__(self, other: object) -> Ref:
        return _joined(" || ", _OR, self, other)

    def __ror__(self, other: object) -> Ref:
        return _joined(" || ", _OR, other, self)

    def __invert__(self) -> Ref:
        return Ref(Meaning(meaning(self).recorder, lambda: "!" + _spelled(self, _OPERAND), _UNARY, plain=_CONDITION))

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        hint = "for a step that runs only then: 'with when(...)'; join conditions with & | ~"
        refuse("a reference is neither true nor false yet: there is no value before the run", hint)

    def __iter__(self) -> NoReturn:
        refuse("the items of a reference are not there yet", "write: for item in each(...)")

    def __len__(self) -> int:
        refuse("a reference has no length yet", "count in a task: @task def count(...)")

    def __contains__(self, item: object) -> bool:
        refuse("what a reference holds is not known yet", "look in a task, or compare with ==")

    def __call__(self, *_: object, **__: object) -> NoReturn:
        """Refuse: there is no value yet."""
        refuse("a reference cannot be called: there is no value yet", "do this in a task: @task def ...")

    def __int__(self) -> int:
        refuse(*_UNKNOWN)

    def __float__(self) -> float:
        refuse(*_UNKNOWN)

    def __index__(self) -> int:
        refuse(*_UNKNOWN)

    def __add__(self, other: object) -> NoReturn:
        refuse("references cannot be added up or put together", 'write texts as f"{one} {two}"; reckon in a task')

    def __sub__(self, other: object) -> NoReturn:
        refuse("there is nothing to reckon with yet", "reckon in a task: @task def ...")

    __radd__ = __add__
    __mul__ = __rmul__ = __rsub__ = __truediv__ = __rtruediv__ = __floordiv__ = __mod__ = __pow__ = __neg__ = __sub__


_UNKNOWN = ("a reference is no number yet: there is no value before the run", "do this in a task: @task def ...")


def meaning(ref: Ref) -> Meaning:
    """What a reference stands for."""
    found: Meaning = object.__getattribute__(ref, "_Ref__meaning")
    return found


def words_of(ref: Ref) -> str:
    """The expression without its braces."""
    return meaning(ref).spell()


def text_of(ref: Ref) -> str:
    """The expression as it stands in a workflow file."""
    return f"${{{{ {words_of(ref)} }}}}"


def _field(ref: Ref, name: str) -> Ref:
    told = meaning(ref)
    if told.plain:
        refuse(f"{told.plain} has no field '{name}'", "there is no value before the run; work on it in a task")
    if not name or not (name[0].isalpha() or name[0] == "_") or not name.replace("-", "_").isidentifier():
        refuse(f"{name!r} cannot be the name of a field", "letters, digits, '_' and '-'")
    return Ref(Meaning(told.recorder, lambda: f"{told.spell()}.{name}"))


def both(left: object, right: object) -> Ref:
    """A condition that holds where both hold."""
    return _joined(" && ", _AND, left, right)


def _compared(operator: str, left: Ref, right: object) -> Ref:
    check_operand(right)

    def spell() -> str:
        return f"{_spelled(left, _OPERAND)} {operator} {_spelled(right, _OPERAND)}"

    return Ref(Meaning(_recorder(left, right), spell, _UNARY, plain=_CONDITION))


def _joined(sign: str, binding: int, left: object, right: object) -> Ref:
    for side in (left, right):
        if not isinstance(side, Ref | bool):
            refuse(f"{side!r} is no condition", "put brackets around comparisons: (a == 1) & (b == 2)")

    def spell() -> str:
        return f"{_spelled(left, binding)}{sign}{_spelled(right, binding)}"

    return Ref(Meaning(_recorder(left, right), spell, binding, plain=_CONDITION))


def _recorder(*values: object) -> Recorder | None:
    found = (meaning(value).recorder for value in values if isinstance(value, Ref))
    return next((recorder for recorder in found if recorder is not None), None)


def _spelled(value: object, least: int) -> str:
    """An operand, in brackets when it binds less strongly than ``least``."""
    if isinstance(value, Ref):
        return words_of(value) if meaning(value).binding >= least else f"({words_of(value)})"
    return literal(value)


def check_operand(value: object) -> None:
    """Refuse what cannot stand in a condition."""
    if not isinstance(value, Ref | str | int | float | bool | None):
        hint = "compare with a text, a number, True, False, None or another reference"
        refuse(f"a condition cannot hold a {type(value).__name__}", hint)
    if isinstance(value, str) and ("}}" in value or "${{" in value):
        refuse("a text in a condition cannot hold '${{' or '}}'", "compare in a task")
    if isinstance(value, float) and not math.isfinite(value):
        refuse(f"a condition cannot hold {value}", "compare with a finite number")


def literal(value: Data) -> str:
    """A plain value as it stands in an expression."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.replace("'", "''") + "'"
    return format(Decimal(repr(float(value) if isinstance(value, float) else int(value))), "f")
