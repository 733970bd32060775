"""How much there is to do in a run: tasks of every node, and the work of one of them in every unit.

Nobody knows this before the run. What a script writes, and how a film is cut, is assumed from the length of the show;
every assumption is told in words, and measured durations correct it while the run goes on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from murakkab_optimizer.graph import Graph, Node

SHOW_S = 60.0
"""Length of the show, or of the film that is worked on, where no argument ``duration`` says it."""

OPENING_S = 2.5
"""What is said first is short."""

OPENING_CLIP_S = 0.5
"""The first clip of a show is no longer than this."""

WORDS_PER_S, TOKENS_PER_WORD = 2.6, 4 / 3
WORDS, CODE_WORDS, PLAN_WORDS = 40.0, 80.0, 15.0
"""Words of an answer to a prompt, of a program, and of the plan of one section or scene."""

FPS = 24.0
ITEMS = 5
"""Items of a task that emits something of which nothing is known."""

EVERY_S = {
    "section": 20.0,
    "slide": 20.0,
    "scene": 12.0,
    "frame sample": 10.0,
    "turn": 5.0,
    "line": 5.0,
    "sentence": 5.0,
    "clip": 1.5,
}
"""Seconds of the show for one item, by what the item is."""

UNITS = frozenset({"audio-second", "frame", "word", "token", "image", "episode", "task", *EVERY_S} - {"frame sample"})
"""Units of work that are understood; a task is one of any other."""

_FORMS = {"outline": "section", "dialogue": "turn", "lecture": "line", "plot": "scene", "story": "line"}
_EMITS = {
    "slide-reading": "slide",
    "automatic-speech-recognition": "sentence",
    "frame-sampling": "frame sample",
    "image-to-video": "clip",
    "text-to-video": "clip",
    "still-to-video": "clip",
}
_OPENED = ("dialogue", "story")
"""Forms whose first words a program writes before the model is asked."""

_SPOKEN = ("turn", "line")
_PLANNED = ("section", "scene")


class Work(msgspec.Struct, frozen=True):
    """What a node has to do in a run.

    Attributes:
        tasks: how many there are; in a loop, of one round.
        rounds: of the loops that it stands in, multiplied: how often each task is done.
        items: that one task emits; 1 for a node that does not stream.
        seconds: of the show that belong to one task.
        first: share of a task that must be done for its first item in the first task of the run.
        words: written or spoken in one task.
        fps: frames of a second of the show.

    """

    tasks: int
    rounds: int
    items: int
    seconds: float
    first: float
    words: float
    fps: float

    def units(self, unit: str) -> float:
        """Units of work of one task."""
        match unit:
            case "audio-second":
                return self.seconds_spoken
            case "frame":
                return self.seconds * self.fps
            case "word":
                return self.words
            case "token":
                return self.words * TOKENS_PER_WORD
        if unit in EVERY_S and unit != "frame sample":
            return self.seconds / EVERY_S[unit]
        return 1.0

    def all_units(self, unit: str) -> float:
        """Units of work of the whole run."""
        return self.units(unit) * self.tasks * self.rounds

    @property
    def seconds_spoken(self) -> float:
        """Of speech that one task writes, makes or hears; what is written for no one to hear counts as if it were."""
        return self.words / WORDS_PER_S


class Workload(msgspec.Struct, frozen=True):
    """The work of a run.

    Attributes:
        show_s: seconds that the show, or the film, lasts.
        nodes: by name.
        defaults: what is assumed, for people.

    """

    show_s: float
    nodes: dict[str, Work]
    defaults: tuple[str, ...] = ()


def workload(graph: Graph) -> Workload:
    """Estimate tasks and work of every node of a graph."""
    reader = _Reader(graph)
    for node in graph.nodes:
        reader.read(node)
    return Workload(reader.show_s, reader.works, tuple(reader.told()))


class _Reader:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes = {node.name: node for node in graph.nodes}
        self.works: dict[str, Work] = {}
        self.kinds: dict[str, str] = {}
        said = [number for node in graph.nodes if (number := _number(node, "duration"))]
        shown = graph.publish is not None or graph.slo.realtime
        self.is_show = bool(said) or shown or any(_every_s(node) for node in graph.nodes)
        self.is_said = bool(said)
        self.show_s = said[0] if said else SHOW_S
        rates = [number for node in graph.nodes if (number := _number(node, "fps"))]
        self.fps = rates[0] if rates else FPS

    def read(self, node: Node) -> None:
        tasks = self.tasks(node)
        seconds = (self.show_s / tasks) if self.is_show else EVERY_S["turn"]
        items = self.items(node, tasks)
        kind = emitted(node) if node.streams else self.kinds.get(node.for_each or "", "")
        self.kinds[node.name] = kind
        words = self.words(node, seconds, items)
        item_s = seconds / items
        opening_s = min(item_s, OPENING_S) if kind in _SPOKEN else item_s
        self.works[node.name] = Work(
            tasks=tasks,
            rounds=math.prod(loop.repeat for loop in self.graph.nodes if node.name in loop.body),
            items=items,
            seconds=seconds,
            first=0.0 if _opens(node) else opening_s / seconds,
            words=words,
            fps=_number(node, "fps") or self.fps,
        )

    def tasks(self, node: Node) -> int:
        over = self.nodes.get(node.for_each or "")
        if over is None:
            return 1
        work = self.works[over.name]
        emits = over.streams and not over.repeat and not node.over_values
        return work.tasks * work.items if emits else work.tasks

    def items(self, node: Node, tasks: int) -> int:
        """Items of one task."""
        if not node.streams or node.repeat:
            return 1
        if every := _every_s(node):
            return max(math.ceil(self.show_s / every / tasks), 1)
        return node.yields or int(_number(node, "candidates")) or ITEMS

    def words(self, node: Node, seconds: float, items: int) -> float:
        """Words of one task."""
        text = node.arguments.get("text")
        if isinstance(text, str):
            return float(len(text.split()))
        if node.capability != "text-generation" or emitted(node) in _SPOKEN:
            return seconds * WORDS_PER_S
        if emitted(node) in _PLANNED:
            return PLAN_WORDS * items
        over = self.kinds.get(node.for_each or "")
        default = seconds * WORDS_PER_S if over in (*_SPOKEN, "sentence") else WORDS
        default = CODE_WORDS if node.arguments.get("form") == "code" else default
        return (_number(node, "words") or default) * items

    def told(self) -> Iterator[str]:
        """The assumptions in words."""
        if self.is_show and not self.is_said:
            yield f"the show, or the film, lasts {self.show_s:g} s"
        streams = [node for node in self.graph.nodes if node.streams and not node.repeat]
        for node in streams:
            yield self._emitting(node)
        if any(self.kinds[node.name] in _SPOKEN for node in streams):
            yield f"what is said first lasts {OPENING_S:g} s"
        yield from (f"a program writes the first words of '{node.name}'" for node in streams if _opens(node))
        for node in self.graph.nodes:
            if node.repeat:
                yield f"'{node.name}' makes all its rounds: {node.repeat}"
            elif _writes(node):
                yield f"a task of '{node.name}' writes {self.works[node.name].words:g} words"

    def _emitting(self, node: Node) -> str:
        work, kind = self.works[node.name], emitted(node)
        if every := _every_s(node):
            one = f"a {kind}" if kind and not node.yields_every_s else "one"
            return f"'{node.name}' gives {work.tasks * work.items} items: {one} every {every:g} s"
        nobody = "" if node.yields or _number(node, "candidates") else ", since nobody says how many"
        return f"a task of '{node.name}' gives {work.items} items{nobody}"


def emitted(node: Node) -> str:
    """What an item of a streaming node is; empty where nothing is known of it."""
    if not node.streams:
        return ""
    return _FORMS.get(str(node.arguments.get("form")), "") or _EMITS.get(node.capability, "")


def _every_s(node: Node) -> float:
    """Seconds of the show for one item of a streaming node; 0 where they are not counted so."""
    if not node.streams or node.yields:
        return 0.0
    return node.yields_every_s or EVERY_S.get(emitted(node), 0.0)


def films(node: Node) -> bool:
    """Whether what a node makes are clips of a film."""
    return _EMITS.get(node.capability) == "clip"


def _opens(node: Node) -> bool:
    return node.capability == "text-generation" and node.arguments.get("form") in _OPENED


def _writes(node: Node) -> bool:
    return node.capability == "text-generation" and emitted(node) not in EVERY_S


def _number(node: Node, argument: str) -> float:
    """The value of an argument; 0 where it is no number."""
    value = node.arguments.get(argument)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
