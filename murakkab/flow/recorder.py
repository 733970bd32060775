"""Writes a workflow down while its function runs once with references instead of values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from murakkab.language.document import Data, Document, Place
from murakkab.language.problems import Problem

from .plain import plain
from .references import Meaning, Ref, both, meaning, text_of, words_of
from .source import Site, Source, place_keyword, place_value, refuse

_B = TypeVar("_B", bound="Block")
_EXPRESSION = re.compile(r"(\$?)\$\{\{.*?\}\}", re.DOTALL)
_CURRENT: ContextVar[Recorder | None] = ContextVar("murakkab_recorder", default=None)


class Setting(NamedTuple):
    """A value and the call that it was given in, as an argument of that name or position."""

    value: object
    site: Site
    argument: str | int


@dataclass(eq=False)
class Block:
    """A stretch of the function whose steps share something.

    Attributes:
        site: where it was opened.
        open: whether the function is inside it.
    """

    site: Site
    open: bool = field(default=True, init=False)


@dataclass(eq=False)
class WhenBlock(Block):
    """Its steps run only where the condition holds."""

    condition: object


@dataclass(eq=False)
class EachBlock(Block):
    """Its steps run once for each item of ``items``."""

    items: Ref


@dataclass(eq=False)
class LoopBlock(Block):
    """Its steps are the rounds of a loop.

    Attributes:
        name: of the loop's node.
        outer: the loops around it.
        node: what is written down of it.
        place: where that stands in the workflow.
    """

    name: str
    outer: tuple[LoopBlock, ...]
    node: dict[str, Data]
    place: Place


class Recorder:
    """What one workflow function has asked for so far.

    Args:
        file: the Python file that it stands in.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.source = Source(file)
        self.nodes: dict[str, Data] = {}
        self.blocks: list[Block] = []
        self.problems: list[Problem] = []
        self.marks: list[tuple[Place, Site, str | int | None]] = []

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Let tasks that are called be written down here."""
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)

    def note(self, site: Site, message: str, hint: str = "") -> None:
        """Note a problem and go on."""
        source = self.source if site.file == self.file else Source(site.file)
        self.problems.append(source.problem(source.called(site), message, hint))

    @property
    def loops(self) -> tuple[LoopBlock, ...]:
        """The loops that the function is inside, outermost first."""
        return tuple(block for block in self.blocks if isinstance(block, LoopBlock))

    def _around(self, kind: type[_B]) -> list[_B]:
        """The blocks of a kind inside the innermost loop, outermost first."""
        starts = [index for index, block in enumerate(self.blocks) if isinstance(block, LoopBlock)]
        return [block for block in self.blocks[starts[-1] + 1 if starts else 0 :] if isinstance(block, kind)]

    def open(self, block: Block) -> None:
        """Enter a block."""
        self.blocks.append(block)

    def close(self, block: Block) -> None:
        """Leave a block."""
        block.open = False
        if block in self.blocks:
            self.blocks.remove(block)

    def add(
        self,
        name: str,
        work: Mapping[str, Setting],
        settings: Mapping[str, Setting],
        arguments: Mapping[str, Setting],
        site: Site,
    ) -> Ref:
        """Write a step down.

        Args:
            name: of the step.
            work: the key that says what it does.
            settings: other reserved keys.
            arguments: of what it does.
            site: the call that made it.
        """
        group, place = self._group()
        if name in group or any(name in outer for outer in self._outer_groups()):
            hint = f'call one of them otherwise: .options(name="{name}2")(...), or assign it to another variable'
            self.note(site, f"there is a step '{name}' already", hint)
            return self.node_reference(name)
        node: dict[str, Data] = {}
        group[name] = node
        self.marks.append(((*place, name), site, None))
        self._fill(node, (*place, name), work)
        items = self._placed(node, (*place, name), settings)
        self._fill(node, (*place, name), {key: value for key, value in settings.items() if key != "when"})
        self._arguments(node, (*place, name), arguments)
        if items:
            node.update({key: _relative(value, items) for key, value in node.items() if key != "for_each"})
        return self.node_reference(name)

    def loop(self, name: str, repeat: Setting, site: Site) -> LoopBlock:
        """Write a loop down; the caller opens it."""
        self.add(name, {"repeat": repeat}, {}, {}, site)
        group, place = self._group()
        node = group[name] = {**group[name], "nodes": {}}
        return LoopBlock(site, name, self.loops, node, (*place, name))

    def node_reference(self, name: str) -> Ref:
        """Refer to a step of the innermost loop; outside it, to its value in the last round."""
        within = self.loops

        def spell() -> str:
            now = self.loops
            shared = next((i for i, loop in enumerate(within) if i >= len(now) or now[i] is not loop), len(within))
            return ".".join(["nodes", *(loop.name for loop in within[shared:]), name])

        return Ref(Meaning(self, spell))

    def until(self, block: LoopBlock, condition: Setting) -> None:
        """Say when a loop ends."""
        if "until" in block.node:
            refuse(f"the loop '{block.name}' has an end already", "join conditions with | or &")
        block.node["until"] = self.plain(condition.value)
        self.marks.append(((*block.place, "until"), condition.site, condition.argument))

    def check_owner(self, ref: Ref) -> None:
        """Refuse a reference that belongs to another workflow."""
        if meaning(ref).recorder not in (None, self):
            refuse("this reference belongs to another workflow", "give the value to the workflow as an input")

    def document(self, data: dict[str, Data]) -> Document:
        """The workflow as plain data whose places lie in the Python file."""
        document = self.source.document
        document.data = data
        for place, site, argument in self.marks:
            if site.file == self.file:
                self._mark(document, place, site, argument)
        return document

    def _mark(self, document: Document, place: Place, site: Site, argument: str | int | None) -> None:
        if argument is None:
            document.keys[place] = self.source.called(site)
        elif isinstance(argument, str):
            place_keyword(document, self.source, site, argument, place)
        elif (call := self.source.calls.get(site.end)) and argument < len(call.args):
            document.keys[place] = self.source.span_of(call.args[argument])
            place_value(document, self.source, call.args[argument], place)

    def _group(self) -> tuple[dict[str, Data], Place]:
        if not self.loops:
            return self.nodes, ("nodes",)
        inner = self.loops[-1]
        return inner.node["nodes"], (*inner.place, "nodes")

    def _outer_groups(self) -> list[dict[str, Data]]:
        return [self.nodes, *(loop.node["nodes"] for loop in self.loops[:-1])] if self.loops else []

    def _placed(self, node: dict[str, Data], place: Place, settings: Mapping[str, Setting]) -> str:
        """Write down what the blocks around a step say of it; returns what it runs over."""
        items = ""
        if eaches := self._around(EachBlock):
            items = words_of(eaches[-1].items)
            node["for_each"] = text_of(eaches[-1].items)
            self.marks.append(((*place, "for_each"), eaches[-1].site, 0))
        conditions = [(block.condition, block.site, 0) for block in self._around(WhenBlock)]
        if own := settings.get("when"):
            conditions.append(own)  # type: ignore[arg-type]
        if conditions:
            joined = conditions[0][0]
            for condition, _, _ in conditions[1:]:
                joined = both(joined, condition)
            node["when"] = self.plain(joined)
            self.marks.append(((*place, "when"), *conditions[-1][1:]))
        return items

    def _fill(self, node: dict[str, Data], place: Place, settings: Mapping[str, Setting]) -> None:
        for key, (value, site, argument) in settings.items():
            self.marks.append(((*place, key), site, argument))
            node[key] = self.plain(value)

    def _arguments(self, node: dict[str, Data], place: Place, arguments: Mapping[str, Setting]) -> None:
        from murakkab.language.model import RESERVED

        reserved = {key: setting for key, setting in arguments.items() if key in RESERVED}
        self._fill(node, place, {key: setting for key, setting in arguments.items() if key not in RESERVED})
        if reserved:
            self._fill(node.setdefault("with", {}), (*place, "with"), reserved)

    def plain(self, value: object) -> Data:
        """The value as a workflow file has it; see ``plain``."""
        return plain(value, self.check_owner)


def _relative(value: Data, items: str) -> Data:
    """Plain data in which the step's own item is called ``item``."""
    if isinstance(value, dict):
        return {key: _relative(inner, items) for key, inner in value.items()}
    if isinstance(value, list):
        return [_relative(inner, items) for inner in value]
    if not isinstance(value, str):
        return value
    word = re.compile(r"'(?:[^']|'')*'|(?<![\w.-])" + re.escape(items) + r"(?![\w-])")

    def renamed(expression: re.Match[str]) -> str:
        if expression[1]:
            return expression[0]
        return word.sub(lambda found: found[0] if found[0].startswith("'") else "item", expression[0])

    return _EXPRESSION.sub(renamed, value)


def current() -> Recorder | None:
    """The recorder of the workflow whose function runs now; None outside of workflows."""
    return _CURRENT.get()


def recorder_for(what: str) -> Recorder:
    """The recorder of the workflow whose function runs now.

    Raises:
        WorkflowError: no such function runs.
    """
    found = _CURRENT.get()
    if found is None:
        refuse(f"{what} stands outside of a workflow", "call it in a function that @workflow decorates")
    return found
