"""What a step gives to the workflow that it uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .document import Data, Document, Place
from .flat import BROKEN, FILE_KEY, INPUT_KEY, FlatNode
from .inputs import check_input
from .model import AnyInput, DocumentInput
from .notes import Notes
from .problems import nearest, quoted
from .resolve import Resolver
from .used import Used


@dataclass(frozen=True)
class Binding:
    """A reference that stands for an input of a used workflow.

    Attributes:
        step: that uses the workflow.
        place: of the argument.
        input: its name.
        declared: what the input takes.
        value: with marks.
        workflow: name of the used workflow.
    """

    step: FlatNode
    place: Place
    input: str
    declared: AnyInput
    value: Data
    workflow: str


class Binder:
    """Binds the inputs of used workflows to the arguments of the steps that use them.

    Args:
        document: in which the steps stand.
        notes: takes problems.
        refs: knows the inputs of the document.

    Attributes:
        bindings: the references among the arguments; whether they fit is seen once all kinds are known.
    """

    def __init__(self, document: Document, notes: Notes, refs: Resolver) -> None:
        self.document, self.notes, self.refs = document, notes, refs
        self.bindings: list[Binding] = []

    def bind(self, used: Used, step: FlatNode, arguments: Mapping[str, Data]) -> dict[str, Data]:
        """Values for the inputs of a used workflow."""
        place = step.spot.place
        for key in arguments:
            if key not in used.inputs:
                span = self.document.key_span(self._argument(place, key))
                hint = nearest(key, used.inputs, what="its inputs")
                self.notes.note(span, f"the workflow '{used.name}' has no input {quoted(key)}", hint)
        for name, needed in used.inputs.items():
            if needed.required and name not in arguments:
                hint = f"add '{name}: ...'" + (f" ({needed.description})" if needed.description else "")
                message = f"the input '{name}' of the workflow '{used.name}' is missing"
                self.notes.note(self.document.key_span(place), message, hint)
        bound = {
            name: self._given(used, step, name, arguments[name]) if name in arguments else needed.default
            for name, needed in used.inputs.items()
        }
        self._settings(used, place, bound)
        return bound

    def _given(self, used: Used, step: FlatNode, name: str, value: Data) -> Data:
        place, declared = self._argument(step.spot.place, name), used.declared[name]
        if isinstance(value, dict) and next(iter(value), "").startswith("$"):
            if value != BROKEN:
                self.bindings.append(Binding(step, place, name, declared, value, used.name))
            return value
        try:
            if isinstance(declared, DocumentInput) and isinstance(value, str) and value:
                return {FILE_KEY: check_input(declared, str(self.document.folder / value))}
            return check_input(declared, value)
        except ValueError as fault:
            message = f"'{name}' does not fit: {fault}"
            hint = f"'{name}' is an input of the workflow '{used.name}'"
            self.notes.note(self.document.value_span(place), message, hint)
            return dict(BROKEN)

    def _settings(self, used: Used, place: Place, bound: Mapping[str, Data]) -> None:
        """Look at the inputs that numbers of attempts, promises and so on are taken from."""
        for node in used.flat.nodes.values():
            for setting, mark in {**node.settings, "repeat": node.repeat}.items():
                name = mark[INPUT_KEY] if isinstance(mark, dict) else ""
                reason = self.refs.unfit(setting, bound[name]) if name else ""
                if reason:
                    message = f"'{name}' cannot be '{setting.removeprefix('slo.')}' of '{node.name}': {reason}"
                    hint = f"'{name}' is an input of the workflow '{used.name}'"
                    self.notes.note(self.document.value_span(self._argument(place, name)), message, hint)

    def _argument(self, place: Place, key: str) -> Place:
        inside = (*place, "with", key)
        return inside if inside in self.document.keys else (*place, key)
