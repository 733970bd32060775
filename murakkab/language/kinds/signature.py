"""What a capability takes and gives, in the form that a step chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from murakkab_optimizer.catalog import Capability, Form

from ..problems import nearest
from .notation import parse_kind
from .nouns import ANY, TEXT, Field, Kind, KindError, Object

FORM = "form"
"""The argument that chooses one of a capability's forms."""


@dataclass(frozen=True)
class Signature:
    """Kinds of one capability.

    Attributes:
        takes: an object of the arguments; None where nothing is known of them.
        returns: the value of a task.
        emits: an item; None where it does not stream.
    """

    takes: Object | None
    returns: Kind
    emits: Kind | None


UNKNOWN = Signature(None, ANY, ANY)
"""Of a capability that tells nothing about itself."""


def signature(capability: Capability | None, arguments: Mapping[str, Any]) -> Signature:
    """The signature of a capability for the form that ``arguments`` choose.

    A form that is not written down but comes from an expression leaves everything open.

    Raises:
        KindError: there is no such form (``path`` is ``("form",)``), or the capability's own types make no sense.
    """
    if capability is None:
        return UNKNOWN
    chosen = arguments.get(FORM)
    if not capability.forms or chosen is None:
        return _signature(capability, None)
    if not isinstance(chosen, str) or "${{" in chosen:
        return UNKNOWN
    if chosen not in capability.forms:
        hint = nearest(chosen, capability.forms, what="forms")
        raise KindError(f"'{capability.name}' has no form '{chosen}'", hint, (FORM,))
    return _signature(capability, chosen)


@lru_cache(1024)
def _signature(capability: Capability, chosen: str | None) -> Signature:
    form = Form(emits=capability.emits) if chosen is None else capability.forms[chosen]
    takes = capability.takes if form.takes is None else form.takes
    returns = capability.returns if form.returns is None else form.returns
    if takes is None and returns is None and form.emits is None:
        return UNKNOWN
    return Signature(
        None if takes is None else _takes(capability, takes),
        _kind(capability, "returns", returns),
        None if form.emits is None else _kind(capability, "emits", form.emits),
    )


def _takes(capability: Capability, takes: dict[str, Any]) -> Object:
    kind = _kind(capability, "takes", takes)
    fields = kind.fields if isinstance(kind, Object) else ()
    return Object((*fields, Field(FORM, TEXT, True)) if capability.forms else fields)


def _kind(capability: Capability, part: str, data: Any) -> Kind:  # noqa: ANN401
    try:
        return ANY if data is None else parse_kind(data, capability.types)
    except KindError as fault:
        where = f"the capability '{capability.name}', {part}"
        raise KindError(f"{where}: {fault.message}", fault.hint, fault.path) from None
