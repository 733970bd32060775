"""Turns the expressions of a document into marks and finds those that mean nothing."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_core import PydanticCustomError

from murakkab_optimizer.graph import ITEM_KEY, NODE_KEY, OPERATOR_KEY, PREVIOUS_KEY, SECRET_KEY

from .document import Data, Document, Place
from .expressions import Expression, Literal, Operation, Reference, Template, parse
from .fields import SETTINGS
from .flat import BROKEN, INPUT_KEY, Use, joined
from .notes import Notes
from .problems import quoted
from .scopes import Reader, Scope, group
from .used import Used, prefixed


class Resolver:
    """Reads the expressions of one document.

    Args:
        document: as it was read.
        notes: takes problems.
        inputs: as they are declared.
        top: the scope of its nodes.

    Attributes:
        used: names of the inputs that something refers to.
        named: prefix of the scope and name of the nodes that something refers to.
        subs: the workflows that steps use, by the step's flat name.
    """

    def __init__(self, document: Document, notes: Notes, inputs: Mapping[str, Data], top: Scope) -> None:
        self.document, self.notes, self.inputs, self.top = document, notes, inputs, top
        self.used: set[str] = set()
        self.named: set[tuple[str, str]] = set()
        self.subs: dict[str, Used] = {}

    def value(self, reader: Reader, place: Place, value: Data) -> Data:
        """Plain data with the expressions of its texts as marks."""
        match value:
            case str():
                return self._text(reader, place, value)
            case dict():
                plain = {key: inner for key, inner in value.items() if not key.startswith("$")}
                return {key: self.value(reader, (*place, key), inner) for key, inner in plain.items()}
            case list():
                return [self.value(reader, (*place, index), inner) for index, inner in enumerate(value)]
        return value

    def _text(self, reader: Reader, place: Place, text: str) -> Data:
        template = self.template(place, text)
        alone = template.alone
        if alone is not None:
            return self._expression(reader, place, text, alone, alone=isinstance(alone, Reference))
        parts = [
            part if isinstance(part, str) else self._expression(reader, place, text, part, alone=False)
            for part in template.parts
        ]
        return joined(parts)

    def condition(self, reader: Reader, place: Place, value: Data) -> Data:
        """``when`` or ``until``: the expression as marks; None where it always holds."""
        if not isinstance(value, str) or "${{" not in value:
            return None if value is not False else False
        template = self.template(place, value)
        if template.alone is None:
            if not template.faults:
                hint = "write ${{ item.kind == 'code' }} and nothing else"
                self.notes.note(self.document.value_span(place), f"'{place[-1]}' takes one expression", hint)
            return None
        return self._expression(reader, place, value, template.alone, alone=False)

    def _expression(self, reader: Reader, place: Place, text: str, part: Expression, *, alone: bool) -> Data:
        match part:
            case Literal(value):
                return value
            case Operation(operator, operands):
                inner = [self._expression(reader, place, text, operand, alone=False) for operand in operands]
                return {OPERATOR_KEY: operator, "of": inner}
        return self.reference(reader, place, text, part, alone=alone)

    def reference(self, reader: Reader, place: Place, text: str, reference: Reference, *, alone: bool) -> Data:
        """The mark of what a reference stands for; ``BROKEN`` where it means nothing.

        Args:
            reader: the step that it stands in.
            place: of the text that it stands in.
            text: that text.
            reference: what stands there.
            alone: whether the text is nothing else, so that a file may stand.
        """
        match reference.root.text:
            case "inputs":
                self.input(place, text, reference, alone=alone)
                return {INPUT_KEY: reference.target}
            case "secrets":
                return {SECRET_KEY: reference.target}
            case "nodes":
                return self._node(reader, place, text, reference)
            case "previous":
                return self._previous(reader, place, text, reference)
        return self._item(reader, place, text, reference)

    def _item(self, reader: Reader, place: Place, text: str, reference: Reference) -> Data:
        if "for_each" in reader.node and reader.own:
            reader.uses.append(Use(place, text, reference, "", tuple(reference.path)))
            return {ITEM_KEY: reference.path}
        source, scope = reader.for_each, reader.scope
        while source is None and scope is not None and scope.loop:
            source, scope = scope.source, scope.outer or self.top
        if source is None:
            if "for_each" not in reader.node:
                hint = "add for_each: ${{ nodes.name }} to the node, or refer to a node"
                self.notes.at(
                    place, text, reference, f"there is no item: the node '{reader.name}' has no for_each", hint
                )
            return dict(BROKEN)
        reader.uses.append(Use(place, text, reference, source, tuple(reference.path)))
        return {NODE_KEY: source, "path": reference.path}

    def _previous(self, reader: Reader, place: Place, text: str, reference: Reference) -> Data:
        """The mark of what was before: of the loop where one of its steps is named, else of a step with ``join``."""
        names_step = reader.scope.loop and reference.names and reference.names[0].text in reader.scope.nodes
        if reader.node.get("join") and not names_step:
            return {PREVIOUS_KEY: reference.path}
        if not reader.scope.loop:
            hint = "it is for steps inside a loop ('repeat:') and for steps with 'join:'"
            self.notes.at(place, text, reference, "there is nothing before", hint)
            return dict(BROKEN)
        if reference.names and reference.names[0].text not in reader.scope.nodes:
            name = reference.names[0].text
            hint = self.notes.nearest(name, reader.scope.nodes, "its steps")
            self.notes.at(place, text, reference, f"the loop has no step {quoted(name)}", hint, word=0)
        reader.uses.append(Use(place, text, reference, reader.scope.loop, tuple(reference.path)))
        return {NODE_KEY: reader.scope.loop, "path": reference.path}

    def _node(self, reader: Reader, place: Place, text: str, reference: Reference) -> Data:
        """The mark of what a reference to a node stands for; ``BROKEN`` where it means nothing."""
        scope = self._visible(reader.scope, place, text, reference)
        if scope is None:
            return dict(BROKEN)
        name, flat = reference.target, scope.prefix + reference.target
        node = group(scope.nodes[name])
        if flat == reader.flat:
            hint = "refer to another node, or remove this"
            self.notes.at(place, text, reference, f"the node '{reader.name}' refers to itself", hint)
        elif f"{reader.flat}.".startswith(f"{flat}.") or (reader.scope.loop + ".").startswith(flat + "."):
            hint = "write ${{ previous.NAME }} for what a step gave in the round before"
            self.notes.at(place, text, reference, f"a step of the loop '{name}' cannot wait for the whole loop", hint)
        if "uses" in node:
            return self._output_of(reader, place, text, reference, flat)
        if "nodes" in node and reference.path and reference.path[0] not in group(node["nodes"]):
            hint = self.notes.nearest(reference.path[0], group(node["nodes"]), "its steps")
            self.notes.at(
                place, text, reference, f"the loop '{name}' has no step {quoted(reference.path[0])}", hint, word=1
            )
        reader.uses.append(Use(place, text, reference, flat, tuple(reference.path)))
        return {NODE_KEY: flat, "path": reference.path}

    def _output_of(self, reader: Reader, place: Place, text: str, reference: Reference, flat: str) -> Data:
        """What a reference to a step with ``uses`` stands for: an output of that workflow, or all of them."""
        used = self.subs.get(flat)
        if used is None:
            return dict(BROKEN)
        outputs = prefixed(used.outputs, flat)
        if not reference.path:
            return outputs
        key, *rest = reference.path
        if key not in outputs:
            hint = self.notes.nearest(key, outputs, "its outputs")
            self.notes.at(
                place, text, reference, f"the workflow '{used.name}' has no output {quoted(key)}", hint, word=1
            )
            return dict(BROKEN)
        mark = {**outputs[key], "path": [*outputs[key]["path"], *rest]}
        reader.uses.append(Use(place, text, reference, mark[NODE_KEY], tuple(mark["path"])))
        return mark

    def _visible(self, scope: Scope, place: Place, text: str, reference: Reference) -> Scope | None:
        """The innermost scope around that has the node."""
        name, inner = reference.target, scope
        while name not in inner.nodes:
            if inner.outer is None:
                hint = self.notes.nearest(name, {**self.top.nodes, **scope.nodes}, "nodes")
                if name in self.inputs:
                    hint = f"there is an input '{name}': write inputs.{name}"
                self.notes.at(place, text, reference, f"there is no node {quoted(name)}", hint)
                return None
            inner = inner.outer
        self.named.add((inner.prefix, name))
        return inner

    def input(self, place: Place, text: str, reference: Reference, *, alone: bool) -> None:
        """Check a reference to an input."""
        name = reference.target
        self.used.add(name)
        if name not in self.inputs:
            hint = self.notes.nearest(name, self.inputs, "inputs")
            if name in self.top.nodes:
                hint = f"there is a node '{name}': write nodes.{name}"
            self.notes.at(place, text, reference, f"there is no input {quoted(name)}", hint)
        elif not alone and group(self.inputs[name]).get("type") == "document":
            hint = "give it as an argument of its own"
            self.notes.at(place, text, reference, f"the document '{name}' cannot stand inside a text", hint)

    def template(self, place: Place, text: str) -> Template:
        """Take a text apart; what cannot be read is noted."""
        template = parse(text)
        for fault in template.faults:
            span = self.document.text_span(place, text, fault.start, fault.end)
            self.notes.note(span, fault.message, self._meant(text[fault.start : fault.end]) or fault.hint)
        return template

    def _meant(self, word: str) -> str:
        """A hint for the name of a node or input that stands where ``nodes.`` or ``inputs.`` is missing."""
        for root, names in (("nodes", self.top.nodes), ("inputs", self.inputs)):
            if word in names:
                return f"write ${{{{ {root}.{word} }}}}"
        return ""

    def setting(self, place: Place, value: Data) -> Data:
        """A field that takes a value or one input: the value, or the mark of the input."""
        name = str(place[-1])
        if not isinstance(value, str) or "${{" not in value or name not in SETTINGS:
            return value
        template = self.template(place, value)
        if template.faults:
            return None
        sole = template.sole
        if sole is None or sole.root.text != "inputs":
            message = f"'{name}' takes a value or one input"
            self.notes.note(self.document.value_span(place), message, "write ${{ inputs.name }} and nothing else")
            return None
        self.input(place, value, sole, alone=True)
        types = SETTINGS[name].types
        declared = group(self.inputs.get(sole.target)).get("type")
        if sole.target in self.inputs and declared not in types:
            message = f"'{name}' cannot be the input '{sole.target}', which is of type {quoted(str(declared))}"
            self.notes.at(place, value, sole, message, f"it takes an input of type {' or '.join(types)}")
        elif declared in types and _may_lack(self.inputs[sole.target]):
            message = f"'{name}' cannot be the input '{sole.target}', which may be left out"
            self.notes.at(place, value, sole, message, "give the input a default")
        elif reason := self.unfit(name, {INPUT_KEY: sole.target}):
            message = f"'{name}' cannot be the input '{sole.target}': its default does not fit: {reason}"
            self.notes.at(place, value, sole, message, "correct the default")
        return {INPUT_KEY: sole.target}

    def unfit(self, setting: str, value: Data) -> str:
        """Why a value cannot be a setting; of the mark of an input, why its default cannot. Empty where it can."""
        if isinstance(value, dict) and INPUT_KEY in value:
            value = group(self.inputs.get(value[INPUT_KEY])).get("default")
            if value is None:
                return ""
        if isinstance(value, dict):
            return "" if value == BROKEN else "it must be known before the run; give a value or an input"
        try:
            SETTINGS[setting.removeprefix("slo.")].check(value)
        except PydanticCustomError as fault:
            return str((fault.context or {}).get("message", fault))
        return ""


def _may_lack(declared: Data) -> bool:
    """Whether a run may have no value for an input."""
    return bool(group(declared).get("optional")) and group(declared).get("default") is None
