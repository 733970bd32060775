"""Checks that what one step gives is what the next one takes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import partial

from murakkab_optimizer.catalog import Capability
from murakkab_optimizer.graph import ITEM_KEY, JOIN_KEY, NODE_KEY, OPERATOR_KEY, PREVIOUS_KEY, SECRET_KEY
from murakkab_runtimes.catalog import load_capabilities, load_types

from .bindings import Binding
from .document import Data, Place, Span
from .flat import BROKEN, FILE_KEY, INPUT_KEY, FlatNode, Use
from .flatten import Flattener
from .kinds import (
    ANY,
    BOOLEAN,
    INTEGER,
    NUMBER,
    TEXT,
    UNKNOWN,
    Field,
    Kind,
    KindError,
    ListOf,
    Object,
    Scalar,
    Signature,
    accepts,
    field,
    has_files,
    kind_of,
    optional,
    parse_kind,
    signature,
)
from .lineage import Lineage, Shape, edge, order
from .problems import nearest, quoted
from .scopes import group
from .slips import near_reserved

FILE = Scalar("file")
ALIKE = 0.8
"""How alike an unknown capability must be to a known one to be taken for a slip; others may come with a plugin."""

INPUT_KINDS = {
    "text": TEXT,
    "choice": TEXT,
    "number": NUMBER,
    "integer": INTEGER,
    "boolean": BOOLEAN,
    "document": FILE,
}

_FIXED = {
    next(iter(BROKEN)): ANY,
    PREVIOUS_KEY: ANY,
    OPERATOR_KEY: BOOLEAN,
    JOIN_KEY: TEXT,
    SECRET_KEY: TEXT,
    FILE_KEY: FILE,
}
"""Kinds of marks that are of one kind whatever they stand for."""


class Wiring:
    """Kinds of everything that flows through one workflow.

    Args:
        flattener: has flattened it.
        shapes: of the flat nodes.
        tasks: their lineages.

    Attributes:
        quiet: whether to say nothing, since what is looked at was checked in a file of its own.
        values: what a task of each node returns.
        items: what each node hands on piece by piece, or else its value.
    """

    def __init__(self, flattener: Flattener, shapes: Mapping[str, Shape], tasks: Mapping[str, Lineage]) -> None:
        self.flattener, self.shapes, self.tasks = flattener, shapes, tasks
        self.document = flattener.document
        self.nodes = flattener.flat.nodes
        self.capabilities: dict[str, Capability] = load_capabilities()
        self.quiet = False
        self.values: dict[str, Kind] = {}
        self.items: dict[str, Kind] = {}

    def check(self) -> None:
        """Find every mismatch; problems go to the flattener's."""
        for name in order(self.shapes):
            node = self.nodes[name]
            self.quiet = node.inner
            if node.is_loop:
                self.items[name] = ANY
                self._conditions(node)
            elif not node.capability:
                self._conditions(node)
                self._gives(node, self._kind(node, self._place(node, "value"), node.arguments.get("value")), None)
            else:
                self._conditions(node)
                self._step(node)
        self.quiet = False
        for step in self.flattener.steps.values():
            self._conditions(step)
        for node in self.nodes.values():
            if node.is_loop and not node.inner:
                self._condition(node, "until", node.until)
        for binding in self.flattener.binder.bindings:
            self._binding(binding)
        for node in self.nodes.values():
            if node.is_loop:
                self._previous(node)
        for name, mark in self.flattener.flat.outputs.items():
            self._output(name, mark)

    def _binding(self, binding: Binding) -> None:
        """Whether what a step gives to the workflow that it uses is what that takes."""
        kind = INPUT_KINDS[binding.declared.type]
        wanted = optional(kind) if binding.declared.optional else kind
        if reason := accepts(wanted, self._kind(binding.step, binding.place, binding.value)):
            hint = f"'{binding.input}' is an input of the workflow '{binding.workflow}'"
            self._mismatch(binding.step, binding.place, binding.input, binding.value, reason, hint)

    def _output(self, name: str, mark: Data) -> None:
        kind = self._whole(mark[NODE_KEY])
        said = f"nodes.{mark[NODE_KEY]}"
        if kind is None:
            return
        for part in mark["path"]:
            try:
                kind, said = field(kind, part), f"{said}.{part}"
            except KindError as fault:
                span = self.document.value_span(("outputs", name))
                self._note(span, f"'{said}' is {fault.message}", fault.hint)
                return

    def _whole(self, name: str) -> Kind | None:
        """What the node gives, each time where it gives a list."""
        if name not in self.nodes:
            return None
        return self._round(name) if self.nodes[name].is_loop else self.items.get(name)

    def _gives(self, node: FlatNode, value: Kind, item: Kind | None) -> None:
        self.values[node.name] = value
        self.items[node.name] = value if item is None else item

    def _step(self, node: FlatNode) -> None:
        try:
            known = self._signature(node)
        except KindError as fault:
            span = self.document.value_span(self._place(node, *fault.path))
            self._note(span, fault.message, fault.hint)
            known = UNKNOWN
        returns = self._returns(node, known)
        self.values[node.name] = returns
        if known.takes is not None:
            self._arguments(node, known.takes)
        else:
            for key, value in node.arguments.items():
                self._kind(node, self._place(node, key), value)
        if node.streams and known.emits is None:
            span = self.document.key_span((*node.spot.place, "streams"))
            self._note(span, f"'{node.capability}' gives no items", "remove 'streams', and for_each over this step")
        item = returns if node.returns is not None else known.emits or ANY
        self._gives(node, returns, item if node.streams else None)

    def _signature(self, node: FlatNode) -> Signature:
        if node.capability == "function":
            return UNKNOWN
        capability = self.capabilities.get(node.capability)
        if capability is None:
            near = difflib.get_close_matches(node.capability, self.capabilities, n=1, cutoff=ALIKE)
            if near:
                span = self.document.value_span((*node.spot.place, "capability"))
                self._note(span, f"there is no capability {quoted(node.capability)}", f"did you mean '{near[0]}'?")
        return signature(capability, node.arguments)

    def _returns(self, node: FlatNode, known: Signature) -> Kind:
        if node.returns is None:
            return known.returns
        place = (*node.spot.place, "returns")
        if known.takes is not None and known.takes.get("returns") is None:
            message = f"'{node.capability}' cannot be told what to return"
            self._note(self.document.key_span(place), message, "remove 'returns'")
        try:
            kind = parse_kind(node.returns, load_types())
            if has_files(kind):
                hint = "let it return texts and numbers, and make the file in a step behind it"
                self._note(self.document.value_span(place), "an answer cannot hold a file", hint)
            return kind
        except KindError as fault:
            self._note(self.document.value_span((*place, *fault.path)), fault.message, fault.hint)
            return ANY

    def _arguments(self, node: FlatNode, takes: Object) -> None:
        for key, value in node.arguments.items():
            wanted, place = takes.get(key), self._place(node, key)
            given = self._kind(node, place, value)
            if wanted is None:
                names = [one.name for one in takes.fields if one.name != "returns"]
                message = f"'{node.capability}' takes no argument {quoted(key)}"
                meant = near_reserved(key)
                hint = f"did you mean '{meant}'?" if meant else nearest(key, names, what="its arguments")
                self._note(self.document.key_span(place), message, hint)
                continue
            kind = optional(wanted.kind) if wanted.optional else wanted.kind
            if reason := accepts(kind, given):
                self._mismatch(node, place, key, value, reason, f"'{key}' is an argument of {node.capability}")
        for one in takes.fields:
            if not one.optional and one.name not in node.arguments:
                message = f"the argument '{one.name}' of '{node.capability}' is missing"
                self._note(self.document.key_span(node.spot.place), message, f"add '{one.name}: ...' ({one.kind})")

    def _mismatch(self, node: FlatNode, place: Place, key: str, value: Data, reason: str, hint: str) -> None:
        use = next((use for use in node.uses if use.place[: len(place)] == place), None)
        other = str(use.reference) if use else "what is written"
        if use is None and isinstance(value, dict) and INPUT_KEY in value:
            other = f"inputs.{value[INPUT_KEY]}"
        message = f"'{key}' of '{node.name}' does not fit {other}: {reason}"
        self._note(self._span(use, place), message, hint)

    def _conditions(self, node: FlatNode) -> None:
        self._condition(node, "when", node.when)

    def _condition(self, node: FlatNode, key: str, value: Data) -> None:
        place = (*node.spot.place, key)
        reason = accepts(optional(BOOLEAN), self._kind(node, place, value))
        if reason:
            self._note(
                self.document.value_span(place), f"'{key}' takes a condition: {reason}", "compare it, as in x == 1"
            )

    def _kind(self, node: FlatNode, place: Place, value: Data) -> Kind:
        """The kind of a value with marks; a field that cannot be there is a problem."""
        return kind_of(value, partial(self._mark, node, place))

    def _mark(self, node: FlatNode, place: Place, value: Data) -> Kind | None:
        key = next(iter(value), "") if isinstance(value, dict) else ""
        match key:
            case "":
                return None
            case _ if key == NODE_KEY:
                if value[NODE_KEY] in node.body:
                    return self._fields(node, place, self._of_round(node.name, value), value)
                if value["path"] and edge(value[NODE_KEY], node.name, self.shapes, self.tasks).many:
                    return ANY
                return self._fields(node, place, self._given(node, value[NODE_KEY]), value)
            case _ if key == ITEM_KEY:
                return self._fields(node, place, self.items.get(node.for_each or "", ANY), value)
            case _ if key == INPUT_KEY:
                return self._input(value[INPUT_KEY])
            case _ if key in (OPERATOR_KEY, JOIN_KEY):
                for part in value["of"] if key == OPERATOR_KEY else value[JOIN_KEY]:
                    self._kind(node, place, part)
        return _FIXED.get(key)

    def _given(self, node: FlatNode, source: str) -> Kind:
        """What a reference of ``node`` to another one stands for."""
        between = edge(source, node.name, self.shapes, self.tasks)
        kind = self._round(source) if between.final else self.items.get(source, ANY)
        if between.many:
            return ListOf(kind)
        skipped = self.nodes[source].when is not None and node.when is None
        return optional(kind) if skipped else kind

    def _round(self, loop: str) -> Kind:
        """What one round of a loop gives: a field for each of its steps."""
        body = self.nodes[loop].arguments["value"]
        return Object(tuple(Field(name, self._of_round(loop, value)) for name, value in body.items()))

    def _previous(self, loop: FlatNode) -> None:
        """Check what the steps of a loop read of the round before, once it is known what they give."""
        before = optional(self._round(loop.name))
        for name in loop.body:
            node = self.nodes[name]
            for use in node.uses:
                if use.source == loop.name:
                    self._fields(node, use.place, before, {NODE_KEY: loop.name, "path": list(use.path)})

    def _of_round(self, loop: str, value: Data) -> Kind:
        """What a step of the body gives in one round."""
        if not isinstance(value, dict) or NODE_KEY not in value:
            return ANY
        name = value[NODE_KEY]
        if self.nodes[name].is_loop or self.tasks[name] != (*self.tasks[loop], loop) or self.shapes[name].streams:
            return ANY
        kind = self.items.get(name, ANY)
        return optional(kind) if self.nodes[name].when is not None else kind

    def _fields(self, node: FlatNode, place: Place, kind: Kind, mark: Data) -> Kind:
        path = mark[ITEM_KEY] if ITEM_KEY in mark else mark["path"]
        for position, name in enumerate(path):
            try:
                kind = field(kind, name)
            except KindError as fault:
                use = self._use(node, place, mark)
                if use is None:
                    span, said = self.document.value_span(place), [mark.get(NODE_KEY, "item"), *path[:position]]
                else:
                    skip = len(use.reference.names) - len(use.reference.path)
                    at = skip + max(len(use.reference.path) - len(path) + position, 0)
                    word = use.reference.names[at]
                    span = self.document.text_span(use.place, use.text, word.start, word.end)
                    said = [use.reference.root.text, *(before.text for before in use.reference.names[:at])]
                self._note(span, f"'{'.'.join(said)}' is {fault.message}", fault.hint)
                return ANY
        return kind

    def _use(self, node: FlatNode, place: Place, mark: Data) -> Use | None:
        """The reference in the file that a mark was made from."""
        source, path = mark.get(NODE_KEY, ""), tuple(mark[ITEM_KEY] if ITEM_KEY in mark else mark["path"])
        for use in node.uses:
            if (use.source, use.path) == (source, path) and use.place[: len(place)] == place:
                return use
        return None

    def _input(self, name: str) -> Kind:
        declared = group(self.flattener.inputs.get(name))
        kind = INPUT_KINDS.get(str(declared.get("type")), ANY)
        return optional(kind) if declared.get("optional") and declared.get("default") is None else kind

    def _place(self, node: FlatNode, *keys: str | int) -> Place:
        inside = (*node.spot.place, "with", *keys)
        return inside if inside in self.document.keys else (*node.spot.place, *keys)

    def _span(self, use: Use | None, place: Place) -> Span:
        if use is None:
            return self.document.value_span(place)
        first, last = use.reference.root, (use.reference.root, *use.reference.names)[-1]
        return self.document.text_span(use.place, use.text, first.start, last.end)

    def _note(self, span: Span, message: str, hint: str) -> None:
        if not self.quiet:
            self.flattener.notes.note(span, message, hint)
