"""A workflow as a Mermaid flowchart, which GitHub and many editors draw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from .sketch import Box, Frame, Link, Picture

_COLOURS = {
    "text": "#2563eb",
    "sound": "#0d9488",
    "image": "#c026d3",
    "video": "#ea580c",
    "document": "#64748b",
    "tool": "#64748b",
    "function": "#a16207",
    "value": "#64748b",
}
"""Borders of boxes; they can be told from dark and from light grounds."""


def to_mermaid(picture: Picture) -> str:
    """The text of a flowchart; every name in it is escaped."""
    names = _Names(picture)
    lines = ["flowchart TD", *_inputs(picture, names), *_inside(picture, "", names, "  ")]
    lines += [f'  {names.of(f"output:{name}")}(["{text(name)}"])' for name in picture.outputs]
    lines += [_link(link, names) for link in picture.links]
    lines += list(_classes(picture, names))
    return "\n".join(lines) + "\n"


class _Names:
    """Identifiers that Mermaid reads: ``n0``, ``n1``, ...; words like ``end`` mean something in its syntax."""

    def __init__(self, picture: Picture) -> None:
        names = [*(b.name for b in picture.boxes), *(f.name for f in picture.frames)]
        names += [f"output:{name}" for name in picture.outputs]
        self._known = {name: f"n{number}" for number, name in enumerate(names)}

    def of(self, name: str) -> str:
        return self._known[name]


def text(words: str) -> str:
    """Words as they may stand between the quotes of a label."""
    return "".join(c if c.isalnum() or c in " -_.,()" else f"#{ord(c)};" for c in words)


def _inputs(picture: Picture, names: _Names) -> Iterator[str]:
    """One node for the inputs that the same boxes read."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in picture.inputs:
        readers = tuple(box.name for box in picture.boxes if name in box.inputs)
        groups[readers].append(name)
    for number, (readers, inputs) in enumerate(groups.items()):
        yield f'  i{number}[/"{", ".join(map(text, inputs))}"/]'
        for reader in readers:
            yield f"  i{number} -.-> {names.of(reader)}"
        yield f"  class i{number} is_input"


def _inside(picture: Picture, parent: str, names: _Names, indent: str) -> Iterator[str]:
    for frame in picture.frames:
        if picture.parent(frame.name) == parent:
            yield f'{indent}subgraph {names.of(frame.name)}["{_frame_label(frame)}"]'
            yield from _inside(picture, frame.name, names, indent + "  ")
            yield f"{indent}end"
    for box in picture.boxes:
        if picture.parent(box.name) == parent:
            yield f"{indent}{names.of(box.name)}{_shape(box)}"


def _frame_label(frame: Frame) -> str:
    condition = f", if {frame.when}" if frame.when else ""
    return text(f"{frame.title} ({frame.note}{condition})")


def _shape(box: Box) -> str:
    parts = [f"<b>{text(box.title)}</b>", text(box.does)]
    if box.when:
        parts.append(text(f"if {box.when}"))
    if box.ordered:
        parts.append("in order")
    label = "<br>".join(parts)
    return f'[["{label}"]]' if box.repeated else f'["{label}"]'


def _link(link: Link, names: _Names) -> str:
    arrow = {"each": "==>", "all": "-->", "one": "-->"}[link.flow]
    label = {"each": text(link.item), "all": "all", "one": ""}[link.flow]
    middle = f'|"{label}"|' if label else ""
    return f"  {names.of(link.source)} {arrow}{middle} {names.of(link.target)}"


def _classes(picture: Picture, names: _Names) -> Iterable[str]:
    yield "  classDef is_input stroke-dasharray:3 3"
    for kind, colour in _COLOURS.items():
        members = [names.of(box.name) for box in picture.boxes if box.kind == kind]
        if members:
            yield f"  classDef is_{kind} stroke:{colour},stroke-width:2px"
            yield f"  class {','.join(members)} is_{kind}"
