"""Turns a document into its flat form and finds every reference that means nothing.

Tolerates any shape of data: what does not fit the model is told by the model and passed over here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from murakkab_optimizer.graph import NODE_KEY

from .bindings import Binder
from .document import Data, Document, Place
from .expressions import parse, texts
from .flat import BROKEN, Flat, FlatNode, Spot, inlined
from .functions import function_arguments
from .model import RESERVED
from .notes import EnoughError, Notes
from .problems import Problem, WorkflowError, quoted
from .resolve import Resolver
from .scopes import Reader, Scope, group, typed
from .used import Used, prefixed

if TYPE_CHECKING:
    from .matching import Match


MOST = 5_000
"""Steps of a workflow, those of the workflows that it uses included."""


class Flattener:
    """Flattens one document.

    Args:
        document: a workflow as it was read, whether or not it fits the model.
        load: gives the workflow that a ``uses`` names; raises ``WorkflowError``.

    Attributes:
        flat: what has been flattened.
        binder: what used workflows are given.
        steps: the steps that use workflows, by flat name; they are no nodes of the flat form.
    """

    def __init__(self, document: Document, load: Callable[[str], Used]) -> None:
        data = document.data if isinstance(document.data, dict) else {}
        self.document = document
        self.notes = Notes(document)
        self.inputs = {name: typed(value) for name, value in group(data.get("inputs")).items()}
        self.outputs = group(data.get("outputs"))
        self.slo = group(data.get("slo"))
        self.top = Scope(("nodes",), group(data.get("nodes")))
        self.refs = Resolver(document, self.notes, self.inputs, self.top)
        self.flat = Flat()
        self.binder = Binder(document, self.notes, self.refs)
        self.steps: dict[str, FlatNode] = {}
        self._load = load

    @property
    def problems(self) -> list[Problem]:
        """What was found wrong so far."""
        return self.notes.problems

    def flatten(self) -> Flat:
        """Build the flat form; what is wrong is in ``problems``."""
        with suppress(EnoughError):
            for place, text in texts(self.inputs, ("inputs",)):
                self._no_expression(place, text)
            for name, value in self.slo.items():
                self.flat.promises[f"slo.{name}"] = self.refs.setting(("slo", name), value)
            self._scope(self.top)
            for name, value in self.outputs.items():
                self._output(name, value)
        return self.flat

    def _scope(self, scope: Scope) -> None:
        for name, node in scope.nodes.items():
            self._use(scope, name, group(node).get("uses"))
        for name, node in scope.nodes.items():
            reader = Reader(scope, name, group(node))
            reader.for_each = self._source(reader)
            place = (*scope.place, name)
            if "join" in reader.node and "for_each" not in reader.node:
                hint = "add for_each: ${{ nodes.name }}, or remove join"
                self.notes.note(
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

    def _step(self, reader: Reader, place: Place) -> None:
        """A node of one piece."""
        node = reader.node
        arguments = self._arguments(reader, place)
        capability, match = node.get("capability"), None
        if isinstance(node.get("task"), str):
            match = self._understood((*place, "task"), node["task"], arguments)
            capability = match.capability if match else ""
            if match and match.form:
                arguments = {"form": match.form, **arguments}
        elif "value" in node:
            self._no_dollars(node["value"], (*place, "value"))
            arguments = {"value": self.refs.value(reader, (*place, "value"), node["value"])}
            capability = ""
        elif "function" in node:
            capability = "function"
            arguments = self._function(place, node["function"], arguments)
        known = capability if isinstance(capability, str) else ""
        self._add(reader, place, capability=known, arguments=arguments, match=match)

    def _understood(self, place: Place, words: str, arguments: Mapping[str, Data]) -> Match | None:
        """What plain words ask for."""
        from murakkab_runtimes.catalog import load_capabilities

        from .matching import MatchError, choose

        try:
            return choose(words, load_capabilities(), arguments)
        except MatchError as fault:
            self.notes.note(self.document.value_span(place), fault.message, fault.hint)
            return None

    def _function(self, place: Place, written: Data, arguments: dict[str, Data]) -> dict[str, Data]:
        if not isinstance(written, str):
            return {}
        try:
            return function_arguments(written, self.document.folder, arguments)
        except ValueError as fault:
            message, hint = fault.args
            self.notes.note(self.document.value_span((*place, "function")), message, hint)
            return {}

    def _add(self, reader: Reader, place: Place, **parts: Data) -> FlatNode:
        node = reader.node
        flat = FlatNode(
            name=reader.flat,
            spot=Spot(self.document, place),
            for_each=reader.for_each or reader.scope.loop or None,
            streams=str(node.get("streams") or ""),
            join=str(node.get("join") or ""),
            when=self.refs.condition(reader, (*place, "when"), node.get("when")),
            settings=self._settings(place, node),
            where=group(node.get("where")),
            returns=node.get("returns"),
            **{"uses": tuple(reader.uses), **parts},
        )
        self.flat.nodes[flat.name] = flat
        return flat

    def _loop(self, reader: Reader, place: Place) -> None:
        """A loop, then the nodes of a round. ``until`` is read where it can see them."""
        node, inner = reader.node, group(reader.node["nodes"])
        scope = Scope((*place, "nodes"), inner, reader.flat + ".", reader.scope, reader.flat, reader.for_each)
        rounds = self.refs.setting((*place, "repeat"), node.get("repeat"))
        loop = self._add(reader, place, repeat=rounds or 1)
        position = len(self.flat.nodes)
        self._scope(scope)
        body = tuple(list(self.flat.nodes)[position:])
        inside = Reader(scope, "", {})
        until = self.refs.condition(inside, (*place, "until"), node.get("until"))
        for use in inside.uses:
            if use.source not in body:
                hint = "let a step inside the loop compare them"
                self.notes.at(
                    use.place, use.text, use.reference, "'until' sees the steps of the loop and inputs only", hint
                )
        value = {name: self._whole(scope, name) for name in inner}
        uses = (*loop.uses, *inside.uses)
        self.flat.nodes[loop.name] = replace(loop, until=until, body=body, arguments={"value": value}, uses=uses)

    def _whole(self, scope: Scope, name: str) -> Data:
        """The mark of all that a node gives."""
        flat = scope.prefix + name
        if "uses" in group(scope.nodes[name]):
            used = self.refs.subs.get(flat)
            return prefixed(used.outputs, flat) if used else dict(BROKEN)
        return {NODE_KEY: flat, "path": []}

    def _inline(self, reader: Reader, place: Place) -> None:
        """The nodes of another workflow."""
        used = self.refs.subs.get(reader.flat)
        reader.own = False
        arguments = self._arguments(reader, place)
        around = FlatNode(
            name=reader.flat,
            spot=Spot(self.document, place),
            for_each=reader.for_each or reader.scope.loop or None,
            when=self.refs.condition(reader, (*place, "when"), reader.node.get("when")),
            settings=self._settings(place, reader.node),
            where=group(reader.node.get("where")),
            uses=tuple(reader.uses),
        )
        if used is None:
            return
        if len(self.flat.nodes) + len(used.flat.nodes) > MOST:
            message = f"with this workflow there are more than {MOST} steps"
            self.notes.note(self.document.value_span((*place, "uses")), message, "use fewer workflows")
            return
        self.steps[around.name] = around
        bound = self.binder.bind(used, around, arguments)
        for node in used.flat.nodes.values():
            inner = inlined(node, reader.flat + ".", bound, around)
            self.flat.nodes[inner.name] = inner

    def _use(self, scope: Scope, name: str, uses: Data) -> None:
        """Find the workflow that a step uses; what is wrong in it is told at its own places."""
        if not isinstance(uses, str):
            return
        try:
            self.refs.subs[scope.prefix + name] = self._load(uses)
        except WorkflowError as fault:
            inside = [problem for problem in fault.problems if problem.line]
            message, hint = (
                f"the workflow {quoted(uses)} cannot be used",
                "correct its file, whose problems are told too",
            )
            if not inside:
                message, hint = f"{message}: {fault.problems[0].message}", fault.problems[0].hint
            self.notes.note(self.document.value_span((*scope.place, name, "uses")), message, hint)
            self.problems.extend(problem for problem in inside if problem not in self.problems)

    def _arguments(self, reader: Reader, place: Place) -> dict[str, Data]:
        """The keys beside the reserved ones, and those of ``with``."""
        found: dict[str, Data] = {}
        plain = {key: value for key, value in reader.node.items() if key not in RESERVED}
        for values, where in ((plain, place), (group(reader.node.get("with")), (*place, "with"))):
            self._no_dollars(values, where)
            for key in found.keys() & values.keys():
                message = f"the argument {quoted(key)} stands twice: here and beside 'with'"
                self.notes.note(self.document.key_span((*where, key)), message, "keep one of them")
            found |= {key: self.refs.value(reader, (*where, key), value) for key, value in values.items()}
        return found

    def _no_dollars(self, value: Data, place: Place) -> None:
        for bad in _dollars(value, place):
            message = f"the key {quoted(str(bad[-1]))} starts with '$', which is kept for the engine"
            self.notes.note(self.document.key_span(bad), message, "choose another name")

    def _source(self, reader: Reader) -> str | None:
        """The flat node over whose items a node runs."""
        text = reader.node.get("for_each")
        if not isinstance(text, str):
            return None
        place = (*reader.scope.place, reader.name, "for_each")
        template = self.refs.template(place, text)
        sole = template.sole
        if template.faults:
            return None
        mark = None
        if sole is not None and sole.root.text == "nodes":
            mark = self.refs.reference(reader, place, text, sole, alone=True)
            if mark == BROKEN:
                return None
        if not isinstance(mark, dict) or mark.get("path") != []:
            message = "for_each takes a node over whose items to run, and nothing else"
            hint = "write for_each: ${{ nodes.name }}"
            if isinstance(mark, dict) and mark.get("path"):
                hint = "let a step stream what is to be run over, and name that step"
            self.notes.note(self.document.value_span(place), message, hint)
            if sole and sole.root.text == "inputs":
                self.refs.used.add(sole.target)
            return None
        source = str(mark[NODE_KEY])
        if reader.scope.loop and not source.startswith(reader.scope.prefix):
            message = f"a step of a loop cannot run over '{sole}', which is outside of it"
            self.notes.note(
                self.document.value_span(place), message, "put for_each on the loop, or stream inside of it"
            )
        return source

    def _settings(self, place: Place, node: Mapping[str, Data]) -> dict[str, Data]:
        found = {
            name: self.refs.setting((*place, name), node[name])
            for name in ("attempts", "timeout", "cache")
            if name in node
        }
        for name, value in group(node.get("slo")).items():
            found[f"slo.{name}"] = self.refs.setting((*place, "slo", name), value)
        return found

    def _output(self, name: str, value: Data) -> None:
        place = ("outputs", name)
        if not isinstance(value, str):
            return
        template = self.refs.template(place, value)
        if template.faults:
            return
        sole = template.sole
        if sole is None or sole.root.text != "nodes":
            span = self.document.value_span(place)
            self.notes.note(span, "an output is a node", f"write {name}: ${{{{ nodes.name }}}}")
            return
        mark = self.refs.reference(Reader(self.top, "", {}), place, value, sole, alone=True)
        if mark == BROKEN:
            return
        if NODE_KEY not in mark:
            hint = f"write ${{{{ nodes.{sole.target}.NAME }}}}, one of {', '.join(mark)}"
            self.notes.at(place, value, sole, "an output is one value", hint)
            return
        if name == "stream" and mark["path"]:
            self.notes.at(place, value, sole, "the stream is a whole node", f"write ${{{{ nodes.{sole.target} }}}}")
        self.flat.outputs[name] = mark

    def _no_expression(self, place: Place, text: str) -> None:
        if parse(text).references:
            span = self.document.value_span(place)
            self.notes.note(span, "inputs cannot refer to anything", "write the value itself")


def _dollars(value: Data, place: Place) -> Iterator[Place]:
    """Places of keys that start with ``$``."""
    if isinstance(value, dict):
        yield from ((*place, key) for key in value if key.startswith("$"))
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from _dollars(part, (*place, key))
