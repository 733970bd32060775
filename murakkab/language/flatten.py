"""Turns a document into its flat form and finds every reference that means nothing.

Tolerates any shape of data: what does not fit the model is told by the model and passed over here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from murakkab_optimizer.graph import ITEM_KEY, NODE_KEY, OPERATOR_KEY, PREVIOUS_KEY, SECRET_KEY

from .document import Data, Document, Place, Span
from .expressions import Expression, Literal, Operation, Reference, Template, parse, texts
from .flat import BROKEN, INPUT_KEY, Flat, FlatNode, Spot, Use, inlined, joined
from .functions import function_arguments
from .model import RESERVED
from .problems import LIMIT, Problem, nearest, quoted
from .used import Used

HINTS = 50
"""Problems after which nearest names are no longer looked for, so that a hostile file costs no time."""

_INPUT_SETTINGS: dict[str, tuple[str, ...]] = {
    "ttff": ("number", "integer"),
    "latency": ("number", "integer"),
    "cost": ("number", "integer"),
    "energy": ("number", "integer"),
    "quality": ("number", "integer"),
    "realtime": ("boolean",),
    "cache": ("boolean",),
    "attempts": ("integer",),
    "repeat": ("integer",),
    "timeout": ("number", "integer"),
}
"""Fields that take a value or one input, and the types of input that fit."""

_KEPT = ("for_each", "join", "streams", "attempts", "timeout", "cache")


class EnoughError(Exception):
    """So much is wrong that looking for more helps nobody."""


@dataclass
class Scope:
    """A group of nodes that see each other by name.

    Attributes:
        place: of the group in the document.
        nodes: as they were read.
        prefix: of their flat names.
        outer: the scope around a loop, if any.
        loop: flat name of the loop, if it is one.
        source: flat name of the node over whose items the loop runs, if any.
    """

    place: Place
    nodes: Mapping[str, Data]
    prefix: str = ""
    outer: Scope | None = None
    loop: str = ""
    source: str | None = None


@dataclass
class _Reader:
    """The node whose references are being read. ``own`` says that ``item`` is its own, not that of a step around."""

    scope: Scope
    name: str
    node: Mapping[str, Data]
    for_each: str | None = None
    own: bool = True
    uses: list[Use] = field(default_factory=list)

    @property
    def flat(self) -> str:
        return self.scope.prefix + self.name


class Flattener:
    """Flattens one document.

    Args:
        document: a workflow as it was read, whether or not it fits the model.
        load: gives the workflow that a ``uses`` names; raises ``WorkflowError``.
        understand: gives capability, arguments and match of plain words; raises ValueError with message and hint.
    """

    def __init__(
        self,
        document: Document,
        load: Callable[[str], Used],
    ) -> None:
        data = document.data if isinstance(document.data, dict) else {}
        self.document = document
        self.problems: list[Problem] = []
        self.inputs = {name: typed(value) for name, value in group(data.get("inputs")).items()}
        self.outputs = group(data.get("outputs"))
        self.slo = group(data.get("slo"))
        self.top = Scope(("nodes",), group(data.get("nodes")))
        self.flat = Flat()
        self.used: set[str] = set()
        self.named: set[tuple[str, str]] = set()
        self._load = load
        self._subs: dict[str, Used] = {}
        self._failed: set[str] = set()

    def flatten(self) -> Flat:
        """Build the flat form; problems are in ``problems``, up to ``LIMIT``."""
        with suppress(EnoughError):
            for place, text in texts(self.inputs, ("inputs",)):
                self._no_expression(place, text)
            for name, value in self.slo.items():
                self.flat.promises[f"slo.{name}"] = self._setting(("slo", name), value)
            self._scope(self.top)
            for name, value in self.outputs.items():
                self._output(name, value)
        return self.flat

    def _scope(self, scope: Scope) -> None:
        for name, node in scope.nodes.items():
            reader = _Reader(scope, name, group(node))
            reader.for_each = self._source(reader)
            place = (*scope.place, name)
            if "join" in reader.node and "for_each" not in reader.node:
                hint = "add for_each: ${{ nodes.name }}, or remove join"
                self.note(
                    self.document.key_span((*place, "join")),
                    "join needs for_each: there is nothing to put in order",
                    hint,
                )
            if "nodes" in reader.node:
                self._loop(reader, place)
            elif "uses" in reader.node:
                self._inline(reader, place)
            else:
                self._step(reader, place)

    def _step(self, reader: _Reader, place: Place) -> None:
        """A node of one piece."""
        node = reader.node
        arguments = self._arguments(reader, place)
        capability = node.get("capability")
        if "value" in node:
            arguments = {"value": self._value(reader, (*place, "value"), node["value"])}
            capability = ""
        elif "function" in node:
            capability = "function"
            arguments = self._function(place, node["function"], arguments)
        self._add(reader, place, capability=capability if isinstance(capability, str) else "", arguments=arguments)

    def _function(self, place: Place, written: Data, arguments: dict[str, Data]) -> dict[str, Data]:
        if not isinstance(written, str):
            return {}
        try:
            return function_arguments(written, self.document.folder, arguments)
        except ValueError as fault:
            message, hint = fault.args
            self.note(self.document.value_span((*place, "function")), message, hint)
            return {}

    def _add(self, reader: _Reader, place: Place, **parts: Data) -> FlatNode:
        node = reader.node
        flat = FlatNode(
            name=reader.flat,
            spot=Spot(self.document, place),
            for_each=reader.for_each or reader.scope.loop or None,
            streams=str(node.get("streams") or ""),
            join=str(node.get("join") or ""),
            when=self._condition(reader, (*place, "when"), node.get("when")),
            settings=self._settings(place, node),
            where=group(node.get("where")),
            returns=node.get("returns"),
            **{"uses": tuple(reader.uses), **parts},
        )
        self.flat.nodes[flat.name] = flat
        return flat

    def _loop(self, reader: _Reader, place: Place) -> None:
        """A loop, then the nodes of a round. ``until`` is read where it can see them."""
        node, inner = reader.node, group(reader.node["nodes"])
        scope = Scope((*place, "nodes"), inner, reader.flat + ".", reader.scope, reader.flat, reader.for_each)
        rounds = self._setting((*place, "repeat"), node.get("repeat"))
        loop = self._add(reader, place, repeat=rounds or 1)
        position = len(self.flat.nodes)
        self._scope(scope)
        body = tuple(list(self.flat.nodes)[position:])
        inside = _Reader(scope, "", {})
        until = self._condition(inside, (*place, "until"), node.get("until"))
        for use in inside.uses:
            if use.source not in body:
                hint = "let a step inside the loop compare them"
                self.at(use.place, use.text, use.reference, "'until' sees the steps of the loop and inputs only", hint)
        value = {name: self._whole(scope, name) for name in inner}
        self.flat.nodes[loop.name] = FlatNode(
            **{**loop.__dict__, "until": until, "body": body, "arguments": {"value": value}}
        )

    def _whole(self, scope: Scope, name: str) -> Data:
        """The mark of all that a node gives."""
        flat = scope.prefix + name
        if "uses" in group(scope.nodes[name]):
            used = self._subs.get(flat)
            return {key: _renamed(value, flat + ".") for key, value in used.outputs.items()} if used else None
        return {NODE_KEY: flat, "path": []}

    def _inline(self, reader: _Reader, place: Place) -> None:
        """The nodes of another workflow."""
        used = self._used(reader, place)
        reader.own = False
        arguments = self._arguments(reader, place)
        around = FlatNode(
            name=reader.flat,
            spot=Spot(self.document, place),
            for_each=reader.for_each or reader.scope.loop or None,
            when=self._condition(reader, (*place, "when"), reader.node.get("when")),
            settings=self._settings(place, reader.node),
            where=group(reader.node.get("where")),
            uses=tuple(reader.uses),
        )
        if used is None:
            return
        self._subs[reader.flat] = used
        bound = self._bound(used, arguments, place)
        for node in used.flat.nodes.values():
            inner = inlined(node, reader.flat + ".", bound, around)
            self.flat.nodes[inner.name] = inner

    def _used(self, reader: _Reader, place: Place) -> Used | None:
        from .problems import WorkflowError

        name = reader.node["uses"]
        if not isinstance(name, str):
            return None
        try:
            return self._load(name)
        except WorkflowError as fault:
            self._failed.add(reader.flat)
            inside = [problem for problem in fault.problems if problem.line]
            first = fault.problems[0]
            told = f"the workflow {quoted(name)} cannot be used"
            hint = f"its file has {len(inside)} problems, told below or above" if inside else first.hint
            self.note(self.document.value_span((*place, "uses")), told if inside else f"{told}: {first.message}", hint)
            self.problems += [problem for problem in inside if problem not in self.problems]
            return None

    def _bound(self, used: Used, arguments: dict[str, Data], place: Place) -> dict[str, Data]:
        """Values for the inputs of a used workflow."""
        for key in arguments:
            if key not in used.inputs:
                where = self._argument_place(place, key)
                hint = nearest(key, used.inputs, what="its inputs")
                self.note(self.document.key_span(where), f"the workflow '{used.name}' has no input {quoted(key)}", hint)
        for name, needed in used.inputs.items():
            if needed.required and name not in arguments:
                hint = f"add '{name}: ...'" + (f" ({needed.description})" if needed.description else "")
                self.note(
                    self.document.key_span(place), f"the input '{name}' of the workflow '{used.name}' is missing", hint
                )
        return {name: arguments.get(name, needed.default) for name, needed in used.inputs.items()}

    def _argument_place(self, place: Place, key: str) -> Place:
        inside = (*place, "with", key)
        return inside if inside in self.document.keys else (*place, key)

    def _arguments(self, reader: _Reader, place: Place) -> dict[str, Data]:
        written = {key: value for key, value in reader.node.items() if key not in RESERVED}
        for where in _dollars(written, place):
            message = f"the key {quoted(str(where[-1]))} starts with '$', which is kept for the engine"
            self.note(self.document.key_span(where), message, "choose another name")
        found = {key: self._value(reader, (*place, key), value) for key, value in written.items()}
        more = group(reader.node.get("with"))
        for where in _dollars(more, (*place, "with")):
            message = f"the key {quoted(str(where[-1]))} starts with '$', which is kept for the engine"
            self.note(self.document.key_span(where), message, "choose another name")
        found |= {key: self._value(reader, (*place, "with", key), value) for key, value in more.items()}
        return found

    def _value(self, reader: _Reader, place: Place, value: Data) -> Data:
        match value:
            case str():
                return self._text(reader, place, value)
            case dict():
                plain = {key: inner for key, inner in value.items() if not key.startswith("$")}
                return {key: self._value(reader, (*place, key), inner) for key, inner in plain.items()}
            case list():
                return [self._value(reader, (*place, index), inner) for index, inner in enumerate(value)]
        return value

    def _text(self, reader: _Reader, place: Place, text: str) -> Data:
        template = self._template(place, text)
        alone = template.alone
        if alone is not None:
            return self._expression(reader, place, text, alone, alone=isinstance(alone, Reference))
        parts = [
            part if isinstance(part, str) else self._expression(reader, place, text, part, alone=False)
            for part in template.parts
        ]
        return joined(parts)

    def _condition(self, reader: _Reader, place: Place, value: Data) -> Data:
        if not isinstance(value, str) or "${{" not in value:
            return None if value is not False else False
        template = self._template(place, value)
        if template.alone is None:
            if not template.faults:
                hint = "write ${{ item.kind == 'code' }} and nothing else"
                self.note(self.document.value_span(place), f"'{place[-1]}' takes one expression", hint)
            return None
        return self._expression(reader, place, value, template.alone, alone=False)

    def _expression(self, reader: _Reader, place: Place, text: str, part: Expression, *, alone: bool) -> Data:
        match part:
            case Literal(value):
                return value
            case Operation(operator, operands):
                inner = [self._expression(reader, place, text, operand, alone=False) for operand in operands]
                return {OPERATOR_KEY: operator, "of": inner}
        return self._reference(reader, place, text, part, alone=alone)

    def _reference(self, reader: _Reader, place: Place, text: str, reference: Reference, *, alone: bool) -> Data:
        match reference.root.text:
            case "inputs":
                self._input(place, text, reference, alone=alone)
                return {INPUT_KEY: reference.target}
            case "secrets":
                return {SECRET_KEY: reference.target}
            case "nodes":
                return self._node(reader, place, text, reference)
            case "previous":
                return self._previous(reader, place, text, reference)
        return self._item(reader, place, text, reference)

    def _item(self, reader: _Reader, place: Place, text: str, reference: Reference) -> Data:
        if "for_each" in reader.node and reader.own:
            reader.uses.append(Use(place, text, reference, "", tuple(reference.path)))
            return {ITEM_KEY: reference.path}
        source, scope = reader.for_each, reader.scope
        while source is None and scope is not None and scope.loop:
            source, scope = scope.source, scope.outer or self.top
        if source is None:
            if "for_each" not in reader.node:
                hint = "add for_each: ${{ nodes.name }} to the node, or refer to a node"
                self.at(place, text, reference, f"there is no item: the node '{reader.name}' has no for_each", hint)
            return dict(BROKEN)
        reader.uses.append(Use(place, text, reference, source, tuple(reference.path)))
        return {NODE_KEY: source, "path": reference.path}

    def _previous(self, reader: _Reader, place: Place, text: str, reference: Reference) -> Data:
        if reader.node.get("join"):
            return {PREVIOUS_KEY: reference.path}
        if not reader.scope.loop:
            hint = "it is for steps inside a loop ('repeat:') and for steps with 'join:'"
            self.at(place, text, reference, "there is nothing before", hint)
            return dict(BROKEN)
        if reference.names and reference.names[0].text not in reader.scope.nodes:
            name = reference.names[0].text
            hint = self.nearest(name, reader.scope.nodes, "its steps")
            self.at(place, text, reference, f"the loop has no step {quoted(name)}", hint, word=0)
        return {NODE_KEY: reader.scope.loop, "path": reference.path}

    def _node(self, reader: _Reader, place: Place, text: str, reference: Reference) -> Data:
        """The mark of what a reference to a node stands for; None where it means nothing."""
        scope = self._visible(reader.scope, place, text, reference)
        if scope is None:
            return dict(BROKEN)
        name, flat = reference.target, scope.prefix + reference.target
        node = group(scope.nodes[name])
        if flat == reader.flat:
            hint = "refer to another node, or remove this"
            self.at(place, text, reference, f"the node '{reader.name}' refers to itself", hint)
        elif f"{reader.flat}.".startswith(f"{flat}.") or (reader.scope.loop + ".").startswith(flat + "."):
            hint = "write ${{ previous.NAME }} for what a step gave in the round before"
            self.at(place, text, reference, f"a step of the loop '{name}' cannot wait for the whole loop", hint)
        if "uses" in node:
            return self._output_of(reader, place, text, reference, flat)
        if "nodes" in node and reference.path and reference.path[0] not in group(node["nodes"]):
            hint = self.nearest(reference.path[0], group(node["nodes"]), "its steps")
            self.at(place, text, reference, f"the loop '{name}' has no step {quoted(reference.path[0])}", hint, word=1)
        reader.uses.append(Use(place, text, reference, flat, tuple(reference.path)))
        return {NODE_KEY: flat, "path": reference.path}

    def _output_of(self, reader: _Reader, place: Place, text: str, reference: Reference, flat: str) -> Data:
        """What a reference to a step with ``uses`` stands for: an output of that workflow, or all of them."""
        used = self._subs.get(flat) or self._later(reader, flat)
        if used is None:
            return dict(BROKEN)
        outputs = {key: _renamed(value, flat + ".") for key, value in used.outputs.items()}
        if not reference.path:
            return outputs
        key, *rest = reference.path
        if key not in outputs:
            hint = self.nearest(key, outputs, "its outputs")
            self.at(place, text, reference, f"the workflow '{used.name}' has no output {quoted(key)}", hint, word=1)
            return dict(BROKEN)
        mark = {**outputs[key], "path": [*outputs[key]["path"], *rest]}
        reader.uses.append(Use(place, text, reference, mark[NODE_KEY], tuple(mark["path"])))
        return mark

    def _later(self, reader: _Reader, flat: str) -> Used | None:
        """A used workflow that stands further down in the file."""
        from .problems import WorkflowError

        if flat in self._failed:
            return None
        scope: Scope | None = reader.scope
        while scope is not None:
            name = flat.removeprefix(scope.prefix)
            node = group(scope.nodes.get(name))
            if flat.startswith(scope.prefix) and isinstance(node.get("uses"), str):
                with suppress(WorkflowError):
                    return self._load(node["uses"])
            scope = scope.outer
        return None

    def _visible(self, scope: Scope, place: Place, text: str, reference: Reference) -> Scope | None:
        """The innermost scope around that has the node."""
        name, inner = reference.target, scope
        while name not in inner.nodes:
            if inner.outer is None:
                hint = self.nearest(name, {**self.top.nodes, **scope.nodes}, "nodes")
                if name in self.inputs:
                    hint = f"there is an input '{name}': write inputs.{name}"
                self.at(place, text, reference, f"there is no node {quoted(name)}", hint)
                return None
            inner = inner.outer
        self.named.add((inner.prefix, name))
        return inner

    def _source(self, reader: _Reader) -> str | None:
        """The flat node over whose items a node runs."""
        text = reader.node.get("for_each")
        if not isinstance(text, str):
            return None
        place = (*reader.scope.place, reader.name, "for_each")
        template = self._template(place, text)
        sole = template.sole
        if template.faults:
            return None
        mark = None
        if sole is not None and sole.root.text == "nodes":
            mark = self._reference(reader, place, text, sole, alone=True)
            if mark == BROKEN:
                return None
        if not isinstance(mark, dict) or mark.get("path") != []:
            message = "for_each takes a node over whose items to run, and nothing else"
            self.note(self.document.value_span(place), message, "write for_each: ${{ nodes.name }}")
            if sole and sole.root.text == "inputs":
                self.used.add(sole.target)
            return None
        source = str(mark[NODE_KEY])
        if reader.scope.loop and not source.startswith(reader.scope.prefix):
            message = f"a step of a loop cannot run over '{sole}', which is outside of it"
            self.note(self.document.value_span(place), message, "put for_each on the loop, or stream inside of it")
        return source

    def _input(self, place: Place, text: str, reference: Reference, *, alone: bool) -> None:
        name = reference.target
        self.used.add(name)
        if name not in self.inputs:
            hint = self.nearest(name, self.inputs, "inputs")
            if name in self.top.nodes:
                hint = f"there is a node '{name}': write nodes.{name}"
            self.at(place, text, reference, f"there is no input {quoted(name)}", hint)
        elif not alone and group(self.inputs[name]).get("type") == "document":
            hint = "give it as an argument of its own"
            self.at(place, text, reference, f"the document '{name}' cannot stand inside a text", hint)

    def _settings(self, place: Place, node: Mapping[str, Data]) -> dict[str, Data]:
        found = {
            name: self._setting((*place, name), node[name]) for name in ("attempts", "timeout", "cache") if name in node
        }
        for name, value in group(node.get("slo")).items():
            found[f"slo.{name}"] = self._setting((*place, "slo", name), value)
        return found

    def _setting(self, place: Place, value: Data) -> Data:
        """A field that takes a value or one input: the value, or the mark of the input."""
        name = str(place[-1])
        if not isinstance(value, str) or "${{" not in value or name not in _INPUT_SETTINGS:
            return value
        template = self._template(place, value)
        if template.faults:
            return None
        sole = template.sole
        if sole is None or sole.root.text != "inputs":
            message = f"'{name}' takes a value or one input"
            self.note(self.document.value_span(place), message, "write ${{ inputs.name }} and nothing else")
            return None
        self._input(place, value, sole, alone=True)
        types = _INPUT_SETTINGS[name]
        declared = group(self.inputs.get(sole.target)).get("type")
        if sole.target in self.inputs and declared not in types:
            message = f"'{name}' cannot be the input '{sole.target}', which is of type {quoted(str(declared))}"
            self.at(place, value, sole, message, f"it takes an input of type {' or '.join(types)}")
        return {INPUT_KEY: sole.target}

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
            self.note(span, "an output is a node", f"write {name}: ${{{{ nodes.name }}}}")
            return
        mark = self._reference(_Reader(self.top, "", {}), place, value, sole, alone=True)
        if mark == BROKEN:
            return
        if NODE_KEY not in mark:
            hint = f"write ${{{{ nodes.{sole.target}.NAME }}}}, one of {', '.join(mark)}"
            self.at(place, value, sole, "an output is one value", hint)
            return
        if name == "stream" and mark["path"]:
            self.at(place, value, sole, "the stream is a whole node", f"write ${{{{ nodes.{sole.target} }}}}")
        self.flat.outputs[name] = mark

    def _template(self, place: Place, text: str) -> Template:
        template = parse(text)
        for fault in template.faults:
            span = self.document.text_span(place, text, fault.start, fault.end)
            self.note(span, fault.message, fault.hint)
        return template

    def _no_expression(self, place: Place, text: str) -> None:
        if parse(text).references:
            span = self.document.value_span(place)
            self.note(span, "inputs cannot refer to anything", "write the value itself")

    def at(self, place: Place, text: str, reference: Reference, message: str, hint: str, *, word: int = 0) -> None:
        """Report a problem with a word behind the root of a reference."""
        name = (
            reference.names[word] if len(reference.names) > word and reference.root.text != "item" else reference.root
        )
        self.note(self.document.text_span(place, text, name.start, name.end), message, hint)

    def nearest(self, name: str, known: Mapping[str, Data], what: str) -> str:
        """A hint for a name that is not known; none once many problems were told."""
        return nearest(name, known, what=what) if len(self.problems) < HINTS else ""

    def note(self, span: Span, message: str, hint: str) -> None:
        """Note a problem at a stretch of the file.

        Raises:
            EnoughError: there are too many.
        """
        self.problems.append(self.document.problem(span, message, hint))
        if len(self.problems) >= LIMIT:
            raise EnoughError


def group(value: Data) -> dict[str, Data]:
    """The value where it is a group of keys; an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def typed(value: Data) -> Data:
    """A declared input; ``topic: text`` is short for ``topic: {type: text}``."""
    return {"type": value} if isinstance(value, str) else value


def _renamed(mark: Data, prefix: str) -> Data:
    return {**mark, NODE_KEY: prefix + mark[NODE_KEY]}


def _dollars(value: Data, place: Place) -> Iterator[Place]:
    """Places of keys that start with ``$``."""
    if isinstance(value, dict):
        yield from ((*place, key) for key in value if key.startswith("$"))
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from _dollars(part, (*place, key))
