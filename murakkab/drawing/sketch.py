"""What is to be drawn of a workflow: boxes, frames around some of them, and the links between all of these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from murakkab.language import Workflow, compile_graph
from murakkab.language.flat import FlatNode
from murakkab.language.model import AnyInput, BooleanInput, ChoiceInput, IntegerInput, NumberInput
from murakkab_optimizer.graph import Edge, Graph, Node

from .wording import condition_text, inputs_in

Kind = Literal["text", "sound", "image", "video", "document", "tool", "function", "value"]
Flow = Literal["each", "all", "one"]

_MEDIA: tuple[tuple[str, Kind], ...] = (
    ("recognition", "text"),
    ("video", "video"),
    ("image", "image"),
    ("speech", "sound"),
    ("audio", "sound"),
    ("text", "text"),
    ("answering", "text"),
    ("summarization", "text"),
    ("translation", "text"),
    ("reading", "document"),
    ("document", "document"),
)
"""What a capability makes, by the first of these words in the last part of its name."""


@dataclass(frozen=True)
class Box:
    """One node.

    Attributes:
        name: of the node in the graph; ``loop.judge`` inside a frame.
        title: the last part of the name.
        kind: what it makes or is.
        does: the capability, or what else it does, in a few words.
        inputs: the inputs of the workflow that it reads.
        repeated: whether it runs once for each item.
        ordered: whether it runs in the order of the items.
        when: its condition; empty when it always runs.
        shown: whether its items are shown while they are made.
    """

    name: str
    title: str
    kind: Kind
    does: str
    inputs: tuple[str, ...] = ()
    repeated: bool = False
    ordered: bool = False
    when: str = ""
    shown: bool = False


@dataclass(frozen=True)
class Frame:
    """A loop or a workflow inside the workflow.

    Attributes:
        name: of the node in the graph.
        title: what stands at its border.
        kind: what it is.
        note: how often it runs, and until when.
        when: the condition of the whole; empty when it always runs.
    """

    name: str
    title: str
    kind: Literal["loop", "uses"]
    note: str = ""
    when: str = ""


@dataclass(frozen=True)
class Link:
    """One node reads another.

    Attributes:
        source: name of a box or frame.
        target: name of a box or frame, or ``output:NAME``.
        flow: ``each`` runs the target over the items of the source, ``all`` gives it the list of items, ``one``
            a value.
        item: what an item is called, with ``each``.
    """

    source: str
    target: str
    flow: Flow = "one"
    item: str = ""


@dataclass(frozen=True)
class Picture:
    """Everything that is drawn; names of boxes and frames are unique together."""

    title: str
    description: str
    inputs: tuple[str, ...]
    boxes: tuple[Box, ...]
    frames: tuple[Frame, ...]
    links: tuple[Link, ...]
    outputs: tuple[str, ...]
    stream: str = ""
    promises: tuple[str, ...] = ()
    unused: tuple[str, ...] = field(default=())

    def parent(self, name: str) -> str:
        """The innermost frame around a box or frame; empty when there is none."""
        inside = [f.name for f in self.frames if name.startswith(f"{f.name}.")]
        return max(inside, key=len, default="")


def sketch(workflow: Workflow) -> Picture:
    """Read off a workflow what is to be drawn; needs no inputs."""
    graph = sketched_graph(workflow)
    frames = _frames(workflow)
    framed = {frame.name for frame in frames}
    nodes = workflow.flat.nodes
    boxes = tuple(_box(node, nodes[node.name], graph) for node in graph.nodes if node.name not in framed)
    used = {name for box in boxes for name in box.inputs}
    return Picture(
        title=workflow.name,
        description=workflow.metadata.description,
        inputs=tuple(workflow.inputs),
        boxes=boxes,
        frames=frames,
        links=tuple(dict.fromkeys([*_links(graph, workflow, framed), *_output_links(graph)])),
        outputs=tuple(graph.outputs),
        stream=next((n for n, (node, _) in graph.outputs.items() if n == "stream" and node == graph.publish), ""),
        unused=tuple(name for name in workflow.inputs if name not in used),
    )


def sketched_graph(workflow: Workflow) -> Graph:
    """The graph of a workflow for typical inputs."""
    return compile_graph(workflow, {name: _typical(declared) for name, declared in workflow.inputs.items()})


def _typical(declared: AnyInput) -> Any:  # noqa: ANN401 - as the input declares
    """A value that an input may have."""
    default = getattr(declared, "default", None)
    if default is not None:
        return default
    match declared:
        case BooleanInput():
            return True
        case NumberInput() | IntegerInput():
            bounds = (bound for bound in (1, declared.minimum, declared.maximum) if bound is not None)
            return next(bound for bound in bounds if declared.holds(bound))
        case ChoiceInput():
            return declared.choices[0]
    return "x"


def medium(capability: str) -> Kind:
    """What a capability makes, judged by its name."""
    if capability in ("", "function"):
        return "function" if capability else "value"
    made = capability.rpartition("-to-")[2]
    return next((kind for word, kind in _MEDIA if word in made), "tool")


def _box(node: Node, flat: FlatNode, graph: Graph) -> Box:
    return Box(
        name=node.name,
        title=node.name.rpartition(".")[2],
        kind=medium(node.capability),
        does=_does(node),
        inputs=tuple(dict.fromkeys(inputs_in([flat.arguments, flat.when, flat.settings]))),
        repeated=node.for_each is not None and not graph.node(node.for_each).repeat,
        ordered=node.ordered,
        when=_condition(flat),
        shown=node.name == graph.publish,
    )


def _does(node: Node) -> str:
    if node.capability == "function":
        function = node.arguments.get("function") or {}
        return f"{function.get('name', 'function')}()"
    if not node.capability:
        return "composed value"
    form = node.arguments.get("form")
    return f"{node.capability}: {form}" if isinstance(form, str) and form.isascii() else node.capability


def _condition(node: FlatNode) -> str:
    return "" if node.when is None else condition_text(node.when)


def _frames(workflow: Workflow) -> tuple[Frame, ...]:
    """Loops, and the prefixes that nodes share which are no loops."""
    nodes = workflow.flat.nodes
    loops = {name: node for name, node in nodes.items() if node.is_loop}
    prefixes = dict.fromkeys(prefix for name in nodes for prefix in _prefixes(name))
    names = dict.fromkeys([*prefixes, *loops])
    return tuple(_loop(loops[name]) if name in loops else _uses(name, workflow) for name in names)


def _prefixes(name: str) -> Iterable[str]:
    parts = name.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts)))


def _loop(node: FlatNode) -> Frame:
    until = "" if node.until is None else f", until {condition_text(_shortened(node.until, node.name))}"
    note = f"at most {condition_text(node.repeat)} rounds{until}"
    return Frame(node.name, node.name.rpartition(".")[2], "loop", note, _condition(node))


def _uses(name: str, workflow: Workflow) -> Frame:
    spec = workflow.nodes.get(name)
    return Frame(name, name.rpartition(".")[2], "uses", f"uses {spec.uses}" if spec else "a workflow of its own")


def _shortened(value: Any, loop: str) -> Any:  # noqa: ANN401 - JSON of any shape
    """References to nodes of the loop without the name of the loop."""
    match value:
        case {"$node": str(node)}:
            return {**value, "$node": node.removeprefix(f"{loop}.")}
        case dict():
            return {key: _shortened(inner, loop) for key, inner in value.items()}
        case list():
            return [_shortened(inner, loop) for inner in value]
    return value


def _links(graph: Graph, workflow: Workflow, framed: set[str]) -> Iterable[Link]:
    names = item_names(graph, workflow)
    for node in graph.nodes:
        for edge in node.edges:
            inside = edge.source in framed and node.name.startswith(f"{edge.source}.")
            own = node.name in framed and edge.source.startswith(f"{node.name}.")
            if not inside and not own:
                yield _link(node, edge, names)


def _link(node: Node, edge: Edge, names: Mapping[str, str]) -> Link:
    if node.for_each == edge.source and not edge.final:
        return Link(edge.source, node.name, "each", names.get(edge.source, ""))
    return Link(edge.source, node.name, "all" if edge.many else "one")


def _output_links(graph: Graph) -> Iterable[Link]:
    for name, (node, _) in graph.outputs.items():
        shown = name == "stream" and node == graph.publish
        yield Link(node, f"output:{name}", "each" if shown else "one")


def item_names(graph: Graph, workflow: Workflow) -> dict[str, str]:
    """What the items of each node are called: by the node that streams them, however far they were carried on."""
    found: dict[str, str] = {}
    for node in graph.nodes:
        carried = found.get(node.for_each or "", "")
        found[node.name] = workflow.flat.nodes[node.name].streams if node.streams else carried
    return found
