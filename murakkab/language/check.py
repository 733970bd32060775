"""Checks what only the flat form shows: circles, streams inside streams, lists taken for single values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice

from .document import Data, Place, Span
from .expressions import texts
from .flat import Flat, FlatNode, nodes_in
from .flatten import Flattener
from .lineage import LEVELS, Lineage, Shape, cycles, edge, item_lineage, order, shapes_of, task_lineages
from .model import RESERVED
from .notes import EnoughError
from .problems import Problem, quoted
from .scopes import Scope, group
from .slips import likely_expression, near_reserved
from .wiring import Wiring

CIRCLES = 10
"""Circles of references reported at most."""


class Checker:
    """Checks one flattened document.

    Args:
        flattener: has flattened it; its problems and ours are in one list.
    """

    def __init__(self, flattener: Flattener) -> None:
        self.flattener = flattener
        self.document = flattener.document
        self.flat: Flat = flattener.flat
        self.shapes: dict[str, Shape] = shapes_of(self.flat.nodes)

    def check(self) -> None:
        """Find what is wrong, up to ``LIMIT`` problems."""
        with suppress(EnoughError):
            if self._circles():
                return
            tasks = task_lineages(self.shapes, order(self.shapes))
            if self._too_deep(tasks):
                return
            for step in self.flattener.steps.values():
                tasks[step.name] = item_lineage(step.for_each, self.shapes, tasks) if step.for_each in tasks else ()
            for node in self.flat.nodes.values():
                self._runs_over_items(node, tasks)
            for node in (*self.flat.nodes.values(), *self.flattener.steps.values()):
                self._field_of_list(node, tasks)
            self._stream(tasks)
            Wiring(self.flattener, self.shapes, tasks).check()

    def warnings(self) -> Iterator[Problem]:
        """What is odd but allowed."""
        for name in self.flattener.inputs:
            if name not in self.flattener.refs.used:
                span = self.document.key_span(("inputs", name))
                yield self.document.problem(span, f"nothing uses the input '{name}'", "use it or remove it")
        yield from self._unused(self.flattener.top)

    def _unused(self, scope: Scope) -> Iterator[Problem]:
        for name, node in scope.nodes.items():
            place = (*scope.place, name)
            if not scope.loop and (scope.prefix, name) not in self.flattener.refs.named:
                span = self.document.key_span(place)
                yield self.document.problem(span, f"nothing uses the node '{name}'", "refer to it in outputs")
            yield from self._near_reserved(place, group(node))
            yield from self._unread(place, group(node))
            inner = (*place, "nodes")
            yield from self._unused(Scope(inner, group(group(node).get("nodes")), loop=name))

    def _unread(self, place: Place, node: Mapping[str, Data]) -> Iterator[Problem]:
        """Texts with what looks like an expression and is none."""
        for where, text in texts({key: value for key, value in node.items() if key != "nodes"}, place):
            if slip := likely_expression(text):
                span = self.document.value_span(where)
                yield self.document.problem(span, f"{quoted(slip)} is read as plain text", "expressions are ${{ ... }}")

    def _near_reserved(self, place: Place, node: Mapping[str, Data]) -> Iterator[Problem]:
        for key in node:
            meant = near_reserved(key)
            if key not in RESERVED and meant:
                span = self.document.key_span((*place, key))
                yield self.document.problem(span, f"'{key}' is read as an argument", f"did you mean '{meant}'?")

    def _circles(self) -> bool:
        found = False
        for circle in islice(cycles(self.shapes), CIRCLES):
            found = True
            walk = " -> ".join([*circle, circle[0]])
            message = f"nodes wait for each other in a circle: {walk}"
            self._at_edge(circle[0], circle[1], message, "remove one of these references")
        return found or any(name in shape.sources for name, shape in self.shapes.items())

    def _at_edge(self, reader: str, source: str, message: str, hint: str) -> None:
        node = self.flat.nodes[reader]
        for use in node.uses:
            if use.source == source:
                self.flattener.notes.at(use.place, use.text, use.reference, message, hint)
                return
        self._note(self.document.key_span(node.spot.place), message, hint)

    def _too_deep(self, tasks: Mapping[str, Lineage]) -> bool:
        for name in self.shapes:
            if len(tasks[name]) > LEVELS:
                span = self.document.value_span((*self.flat.nodes[name].spot.place, "for_each"))
                self._note(span, f"more than {LEVELS} streams run inside each other here", "stream in fewer steps")
                return True
        return False

    def _runs_over_items(self, node: FlatNode, tasks: Mapping[str, Lineage]) -> None:
        source = node.for_each
        if source is None or source not in self.shapes:
            return
        place = (*node.spot.place, "for_each")
        if self.shapes[source].loop and node.name not in self.flat.nodes[source].body:
            told = f"for_each cannot run over the loop '{source}', which gives one value"
            hint = "put the step into the loop, or let a step behind the loop stream"
            if over := self.flat.nodes[source].for_each:
                told, hint = f"{told} for each item", f"run over those items: for_each: ${{{{ nodes.{over} }}}}"
            self._note(self.document.value_span(place), told, hint)
        else:
            self._fans_out(place, source, tasks, "for_each has nothing to run over")

    def _fans_out(self, place: Place, source: str, tasks: Mapping[str, Lineage], message: str) -> None:
        if item_lineage(source, self.shapes, tasks):
            return
        many = [name for name in self.shapes if item_lineage(name, self.shapes, tasks)]
        hint = f"nodes with items: {', '.join(many)}" if many else "no node has items"
        told = f"{message}: the node '{source}' neither streams nor has for_each"
        self._note(self.document.value_span(place), told, f"add 'streams: name' to '{source}'; {hint}")

    def _field_of_list(self, reader: FlatNode, tasks: Mapping[str, Lineage]) -> None:
        for use in reader.uses:
            if use.source in reader.body:
                continue
            if not use.path or not use.source or not edge(use.source, reader.name, self.shapes, tasks).many:
                continue
            source = use.source
            message = f"'nodes.{source}' is the list of all its items here, which has no field '{use.path[0]}'"
            over = self.flat.nodes[source].for_each if self.shapes[source].loop else source
            hint = f"run over them: for_each: ${{{{ nodes.{over} }}}}"
            self.flattener.notes.at(use.place, use.text, use.reference, message, hint, word=1)

    def _stream(self, tasks: Mapping[str, Lineage]) -> None:
        """What viewers see must be items, and in one order, whichever piece is finished first."""
        source = next(nodes_in(self.flat.outputs.get("stream")), None)
        if source not in self.shapes or source is None:
            return
        place = ("outputs", "stream")
        self._fans_out(place, source, tasks, "there is nothing to show piece by piece")
        node = self.flat.nodes[source]
        if item_lineage(source, self.shapes, tasks) and node.for_each is not None and node.join != "ordered":
            told = f"the pieces of '{source}' would be shown as they are finished, not in their order"
            hint = f"add 'join: ordered' to '{source}'"
            if not node.capability:
                hint = f"show a step that does work: one with 'join: ordered' that reads '{source}'"
            self._note(self.document.value_span(place), told, hint)

    def _note(self, span: Span, message: str, hint: str) -> None:
        self.flattener.notes.note(span, message, hint)
