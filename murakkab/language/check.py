"""Checks what a model cannot see: that every reference means something and that the graph can run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice

from .document import Data, Document, Place, Span
from .expressions import Reference, Template, parse, texts
from .lineage import LEVELS, Shape, cycles, edge, item_lineage, order, shape_of, task_lineages
from .model import RESERVED
from .problems import LIMIT, Problem, nearest, quoted

CIRCLES = 10
"""Circles of references reported at most."""

HINTS = 50
"""Problems after which nearest names are no longer looked for, so that a hostile file costs no time."""

_EXPRESSION_TYPES: dict[str, tuple[str, ...]] = {
    "ttff": ("number", "integer"),
    "realtime": ("boolean",),
    "attempts": ("integer",),
}
"""Fields that take an expression, and the types of input that fit."""

_NEAR_RESERVED = {"foreach": "for_each", "each": "for_each", "joins": "join", "stream": "streams"}


class _EnoughError(Exception):
    """So much is wrong that looking for more helps nobody."""


class Checker:
    """Checks the references of one document; tolerates any shape of data.

    Args:
        document: a workflow as it was read, whether or not it fits the model.
    """

    def __init__(self, document: Document) -> None:
        data = document.data if isinstance(document.data, dict) else {}
        self.document = document
        self.problems: list[Problem] = []
        self.inputs: dict[str, Data] = _group(data.get("inputs"))
        self.nodes: dict[str, Data] = _group(data.get("nodes"))
        self.outputs: dict[str, Data] = _group(data.get("outputs"))
        self.slo: dict[str, Data] = _group(data.get("slo"))
        self.shapes: dict[str, Shape] = {name: shape_of(_group(node)) for name, node in self.nodes.items()}
        self.used: set[str] = set()

    def check(self) -> list[Problem]:
        """Find everything that is wrong with the references, up to ``LIMIT`` problems."""
        with suppress(_EnoughError):
            self._check()
        return self.problems

    def _check(self) -> None:
        for place, text in texts(self.inputs, ("inputs",)):
            self._no_expression(place, text)
        for name, value in self.slo.items():
            self._setting(("slo", name), value)
        for name, node in self.nodes.items():
            self._node(name, _group(node))
        for name, value in self.outputs.items():
            self._output(name, value)
        if not self._circles():
            self._lineages()

    def warnings(self) -> Iterator[Problem]:
        """What is odd but allowed; ask after ``check``."""
        for name in self.inputs:
            if name not in self.used:
                span = self.document.key_span(("inputs", name))
                yield self.document.problem(span, f"nothing uses the input '{name}'", "use it or remove it")
        read = {source for shape in self.shapes.values() for source in shape.sources}
        read |= {r.target for text in self.outputs.values() for r in parse(str(text)).references}
        for name, node in self.nodes.items():
            if name not in read:
                span = self.document.key_span(("nodes", name))
                yield self.document.problem(span, f"nothing uses the node '{name}'", "refer to it in outputs")
            yield from self._near_reserved(name, _group(node))

    def _near_reserved(self, name: str, node: Mapping[str, Data]) -> Iterator[Problem]:
        for key in node:
            meant = _NEAR_RESERVED.get(key.lower().replace("-", "").replace("_", ""))
            if key not in RESERVED and meant:
                span = self.document.key_span(("nodes", name, key))
                yield self.document.problem(span, f"'{key}' is read as an argument", f"did you mean '{meant}'?")

    def _node(self, name: str, node: dict[str, Data]) -> None:
        place: Place = ("nodes", name)
        self._source(name, node)
        if "attempts" in node:
            self._setting((*place, "attempts"), node["attempts"])
        if "join" in node and "for_each" not in node:
            span = self.document.key_span((*place, "join"))
            hint = "add for_each: ${{ nodes.name }}, or remove join"
            self._note(span, "join needs for_each: there is nothing to put in order", hint)
        arguments = {key: value for key, value in node.items() if key not in RESERVED}
        for where in _marks(arguments, place):
            message = f"the key {quoted(str(where[-1]))} starts with '$', which is kept for the engine"
            self._note(self.document.key_span(where), message, "choose another name")
        for where, text in texts(arguments, place):
            template = self._template(where, text)
            for reference in template.references:
                self._reference(name, where, text, reference, alone=template.sole is not None)

    def _source(self, name: str, node: dict[str, Data]) -> None:
        text = node.get("for_each")
        if not isinstance(text, str):
            return
        place = ("nodes", name, "for_each")
        template = self._template(place, text)
        sole = template.sole
        if template.faults:
            return
        if sole is None or sole.root.text != "nodes" or sole.path:
            message = "for_each takes a node over whose items to run, and nothing else"
            self._note(self.document.value_span(place), message, "write for_each: ${{ nodes.name }}")
            if sole and sole.root.text == "inputs":
                self.used.add(sole.target)
        else:
            self._reference(name, place, text, sole, alone=True)

    def _reference(self, reader: str, place: Place, text: str, reference: Reference, *, alone: bool) -> None:
        match reference.root.text:
            case "inputs":
                self._input(place, text, reference, alone=alone)
            case "nodes":
                self._known_node(place, text, reference)
                if reference.target == reader:
                    hint = "refer to another node, or remove this"
                    self._at(place, text, reference, f"the node '{reader}' refers to itself", hint)
            case _ if "for_each" not in _group(self.nodes[reader]):
                hint = "add for_each: ${{ nodes.name }} to the node, or refer to a node"
                self._at(place, text, reference, f"there is no item: the node '{reader}' has no for_each", hint)

    def _input(self, place: Place, text: str, reference: Reference, *, alone: bool) -> None:
        name = reference.target
        self.used.add(name)
        if name not in self.inputs:
            hint = self._nearest(name, self.inputs, "inputs")
            if name in self.nodes:
                hint = f"there is a node '{name}': write nodes.{name}"
            self._at(place, text, reference, f"there is no input {quoted(name)}", hint)
        elif not alone and _group(self.inputs[name]).get("type") == "document":
            hint = "give it as an argument of its own"
            self._at(place, text, reference, f"the document '{name}' cannot stand inside a text", hint)

    def _known_node(self, place: Place, text: str, reference: Reference) -> bool:
        name = reference.target
        if name not in self.nodes:
            hint = self._nearest(name, self.nodes, "nodes")
            if name in self.inputs:
                hint = f"there is an input '{name}': write inputs.{name}"
            self._at(place, text, reference, f"there is no node {quoted(name)}", hint)
        return name in self.nodes

    def _setting(self, place: Place, value: Data) -> None:
        """A field that takes a literal or an input."""
        field = str(place[-1])
        if not isinstance(value, str) or "${{" not in value or field not in _EXPRESSION_TYPES:
            return
        template = self._template(place, value)
        if template.faults:
            return
        sole = template.sole
        if sole is None or sole.root.text != "inputs":
            message = f"'{field}' takes a value or one input"
            self._note(self.document.value_span(place), message, "write ${{ inputs.name }} and nothing else")
            return
        self._input(place, value, sole, alone=True)
        types = _EXPRESSION_TYPES[field]
        declared = _group(self.inputs.get(sole.target)).get("type")
        if sole.target in self.inputs and declared not in types:
            message = f"'{field}' cannot be the input '{sole.target}', which is of type {quoted(str(declared))}"
            self._at(place, value, sole, message, f"it takes an input of type {' or '.join(types)}")

    def _output(self, name: str, value: Data) -> None:
        place = ("outputs", name)
        if not isinstance(value, str):
            return
        template = self._template(place, value)
        if template.faults:
            return
        sole = template.sole
        if sole is None or sole.root.text != "nodes":
            span = self.document.value_span(place)
            self._note(span, "an output is a node", f"write {name}: ${{{{ nodes.name }}}}")
        elif self._known_node(place, value, sole) and name == "stream" and sole.path:
            self._at(place, value, sole, "the stream is a whole node", f"write ${{{{ nodes.{sole.target} }}}}")

    def _template(self, place: Place, text: str) -> Template:
        template = parse(text)
        for fault in template.faults:
            span = self.document.text_span(place, text, fault.start, fault.end)
            self._note(span, fault.message, fault.hint)
        return template

    def _no_expression(self, place: Place, text: str) -> None:
        if parse(text).references:
            span = self.document.value_span(place)
            self._note(span, "inputs cannot refer to anything", "write the value itself")

    def _circles(self) -> bool:
        found = False
        for circle in islice(cycles(self.shapes), CIRCLES):
            found = True
            walk = " -> ".join([*circle, circle[0]])
            message = f"nodes wait for each other in a circle: {walk}"
            self._at_edge(circle[0], circle[1], message, "remove one of these references")
        return found or any(name in shape.sources for name, shape in self.shapes.items())

    def _lineages(self) -> None:
        """Checks that need to know which node fans out."""
        tasks = task_lineages(self.shapes, order(self.shapes))
        for name, shape in self.shapes.items():
            if len(tasks[name]) > LEVELS:
                span = self.document.value_span(("nodes", name, "for_each"))
                self._note(span, f"more than {LEVELS} streams run inside each other here", "stream in fewer steps")
                return
            if shape.for_each in self.shapes and shape.for_each is not None:
                self._fans_out(("nodes", name, "for_each"), shape.for_each, tasks, "for_each has nothing to run over")
            node = {key: value for key, value in _group(self.nodes[name]).items() if key not in RESERVED}
            for place, text in texts(node, ("nodes", name)):
                for reference in parse(text).references:
                    self._field_of_list(name, place, text, reference, tasks)
        sole = parse(self.outputs["stream"]).sole if isinstance(self.outputs.get("stream"), str) else None
        if sole and sole.target in self.shapes:
            self._fans_out(("outputs", "stream"), sole.target, tasks, "there is nothing to show piece by piece")
            self._shown_in_order(sole.target, tasks)

    def _shown_in_order(self, name: str, tasks: Mapping[str, tuple[str, ...]]) -> None:
        """What viewers see must come in one order, whichever piece is finished first."""
        node = _group(self.nodes[name])
        if item_lineage(name, self.shapes, tasks) and "for_each" in node and node.get("join") != "ordered":
            told = f"the pieces of '{name}' would be shown as they are finished, not in their order"
            self._note(self.document.value_span(("outputs", "stream")), told, f"add 'join: ordered' to '{name}'")

    def _fans_out(self, place: Place, source: str, tasks: Mapping[str, tuple[str, ...]], message: str) -> None:
        if item_lineage(source, self.shapes, tasks):
            return
        many = [name for name in self.shapes if item_lineage(name, self.shapes, tasks)]
        hint = f"nodes with items: {', '.join(many)}" if many else "no node has items"
        told = f"{message}: the node '{source}' neither streams nor has for_each"
        self._note(self.document.value_span(place), told, f"add 'streams: name' to '{source}'; {hint}")

    def _field_of_list(
        self, reader: str, place: Place, text: str, reference: Reference, tasks: Mapping[str, tuple[str, ...]]
    ) -> None:
        source = reference.target
        if reference.root.text != "nodes" or not reference.path or source not in self.shapes:
            return
        many = item_lineage(source, self.shapes, tasks)
        if many and edge(source, reader, self.shapes, tasks).many:
            message = f"'nodes.{source}' is the list of all its items here, which has no field '{reference.path[0]}'"
            self._at(place, text, reference, message, f"run over them: for_each: ${{{{ nodes.{source} }}}}", word=1)

    def _at_edge(self, reader: str, source: str, message: str, hint: str) -> None:
        for place, text in texts(self.nodes[reader], ("nodes", reader)):
            for reference in parse(text).references:
                if reference.root.text == "nodes" and reference.target == source:
                    self._at(place, text, reference, message, hint)
                    return

    def _at(self, place: Place, text: str, reference: Reference, message: str, hint: str, *, word: int = 0) -> None:
        """Report a problem with a word behind the root of a reference."""
        name = reference.names[word] if reference.root.text != "item" else reference.root
        self._note(self.document.text_span(place, text, name.start, name.end), message, hint)

    def _nearest(self, name: str, known: Mapping[str, Data], what: str) -> str:
        return nearest(name, known, what=what) if len(self.problems) < HINTS else ""

    def _note(self, span: Span, message: str, hint: str) -> None:
        """Note a problem at a stretch of the file."""
        self.problems.append(self.document.problem(span, message, hint))
        if len(self.problems) >= LIMIT:
            raise _EnoughError


def _group(value: Data) -> dict[str, Data]:
    return value if isinstance(value, dict) else {}


def _marks(value: Data, place: Place) -> Iterator[Place]:
    """Places of keys that start with ``$``."""
    if isinstance(value, dict):
        yield from ((*place, key) for key in value if key.startswith("$"))
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from _marks(item, (*place, key))
