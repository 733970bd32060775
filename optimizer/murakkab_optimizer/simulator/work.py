"""What the work of a simulated run turns out to be."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from murakkab_optimizer.graph import NULL, Graph, Node, Path
from murakkab_optimizer.planner.workload import OPENING_CLIP_S, OPENING_S, Work, Workload, emitted, films, workload
from murakkab_optimizer.scheduler.commands import Evaluate, StartTask
from murakkab_optimizer.scheduler.events import Evaluated
from murakkab_optimizer.simulator.nouns import Made

SPOKEN = ("turn", "line")
"""Items that are said, and of which the first is short."""

Answer = Callable[[Node, Evaluate], Evaluated]
Cut = Mapping[Path, tuple[float, ...]]


class WorkModel(Protocol):
    """Says how long work takes and what comes of it; equal questions have equal answers."""

    def made(self, graph: Graph, task: StartTask) -> Made:
        """What an attempt takes."""
        ...

    def seconds_shown(self, run: str, graph: Graph, path: Path) -> float:
        """Length of the item of the published node at ``path``."""
        ...

    def answer(self, graph: Graph, asked: Evaluate) -> Evaluated:
        """What a condition, a value or the end of a round comes to."""
        ...


class PlannedWork:
    """Work as the plan expects it, with chance.

    A task takes ``Configuration.seconds``; of an item that turned out longer than expected, all that is made of it
    takes longer in proportion. Streaming tasks give their items evenly over their time, the
    first of a run as soon as the workload says. Where a program writes what is said first, it writes the whole first
    task (and the last one of a talk whose ``cut`` is known), and the model all others.
    Chance is drawn from the seed, the run, the node and the path, so an attempt is as long whoever asks.

    Args:
        noise: of the time of a task: standard deviation of its logarithm.
        lengths: the same of the length of an item.
        seed: source of chance.
        items: by node, items of one task; by default as ``planner.workload`` estimates them.
        answer: of conditions and loops; by default every condition holds, and loops make all their rounds.
        openings: by node, seconds of the first of its tasks in a run, or until its first item where it streams, as
            earlier runs showed them: the first turn may be said by a faster voice than the mean of all. They were timed
            beside the other tasks of these runs.
        cut: by streaming node and path of a task, seconds of the show of each of its items, where they are known
            beforehand; goes before ``items`` and what is assumed of first items.

    """

    def __init__(
        self,
        noise: float = 0.0,
        lengths: float = 0.0,
        seed: int = 0,
        items: Mapping[str, int] | None = None,
        answer: Answer | None = None,
        openings: Mapping[str, float] | None = None,
        cut: Mapping[str, Cut] | None = None,
    ) -> None:
        self._noise, self._lengths, self._seed = noise, lengths, seed
        self._items, self._answer, self._openings = items or {}, answer or holds, openings or {}
        self._cut = cut or {}
        self._workloads: dict[int, tuple[Graph, Workload]] = {}
        self._factors: dict[tuple[str, str, Path], float] = {}
        self._luck: dict[tuple[str, str, Path], float] = {}

    def made(self, graph: Graph, task: StartTask) -> Made:
        """Seconds of the task, and when its items are there."""
        node, work = graph.node(task.node), self._work(graph, task.node)
        cut = self._cut.get(node.name, {})
        known = cut.get(task.path)
        of_item = self._above(self._factors, task.run, graph, node, task.path)
        if known is not None:
            of_item = sum(known) / work.seconds * self._above(self._luck, task.run, graph, node, task.path)
        seconds = task.configuration.seconds * of_item * self._chance(self._noise, task.run, task.node, task.path)
        seconds *= _written(node, work, task.path, cut)
        first = None if any(task.path) else self._openings.get(node.name)
        if not node.streams:
            return Made(seconds) if first is None else Made(first, seen_s=first)
        seconds = max(seconds, first or 0.0)
        lengths = self._drawn(graph, task, work, known, of_item)
        share = _first_share(node, work, task.path) if first is None else first / (seconds or 1.0)
        items = [(seconds * at, length) for at, length in zip(_shares(lengths, share), lengths, strict=True)]
        return Made(seconds, tuple(items[task.first_item :]), first or 0.0)

    def _drawn(
        self, graph: Graph, task: StartTask, work: Work, known: tuple[float, ...] | None, of_item: float
    ) -> list[float]:
        """Seconds of the show of each item of a task."""
        node = graph.node(task.node)
        if known is None:
            count = self._items.get(node.name, work.items)
            return [self._length(task, node, work, index, of_item, count) for index in range(count)]
        of_task, lengths = self._above(self._luck, task.run, graph, node, task.path), []
        for index, length in enumerate(known):
            path = (*task.path, index)
            luck = of_task * self._chance(self._lengths, task.run, node.name, path)
            self._luck[task.run, node.name, path] = luck
            self._factors[task.run, node.name, path] = length * luck * work.items / work.seconds
            lengths.append(length * luck)
        return lengths

    def seconds_shown(self, run: str, graph: Graph, path: Path) -> float:
        """Seconds of the show that one item is, as long as it turned out."""
        if graph.publish is None:
            return 0.0
        node, work = graph.node(graph.publish), self._work(graph, graph.publish)
        items = self._items.get(node.name, work.items) if node.streams else 1
        return work.seconds / max(items, 1) * self._above(self._factors, run, graph, node, path)

    def answer(self, graph: Graph, asked: Evaluate) -> Evaluated:
        """What the function that was given says."""
        return self._answer(graph.node(asked.node), asked)

    def _length(self, task: StartTask, node: Node, work: Work, index: int, of_item: float, count: int) -> float:
        """Draw the length of an item; what is said first is short, and so is the first clip of it."""
        path, even = (*task.path, index), work.seconds / count
        factor = of_item * self._chance(self._lengths, task.run, node.name, path)
        if emitted(node) in SPOKEN and not any(path):
            factor *= min(OPENING_S / even, 1.0)
        elif films(node) and not any(task.path) and count > 1:
            first = min(OPENING_CLIP_S / (even * of_item), 1.0)
            factor *= first if index == 0 else (count - first) / (count - 1)
        self._factors[task.run, node.name, path] = factor
        return even * factor

    def _above(
        self, told: Mapping[tuple[str, str, Path], float], run: str, graph: Graph, node: Node, path: Path
    ) -> float:
        """What is told of the item at ``path``, or of the one that it was made from; 1 where nothing is."""
        name: str | None = node.name
        while name is not None:
            over = graph.node(name)
            if over is not node and (found := told.get((run, name, path[: over.item_depth]))) is not None:
                return found
            name = over.for_each
        return 1.0

    def _work(self, graph: Graph, name: str) -> Work:
        known = self._workloads.get(id(graph))
        if known is None:
            known = self._workloads[id(graph)] = (graph, workload(graph))
        return known[1].nodes[name]

    def _chance(self, sigma: float, *what: object) -> float:
        """A number around 1 that is the same for equal arguments."""
        if not sigma:
            return 1.0
        draw = random.Random(f"{self._seed} {what}")
        return math.exp(draw.gauss(-sigma * sigma / 2, sigma))


def _written(node: Node, work: Work, path: Path, cut: Cut) -> float:
    """How much of its share one task is: the opening of a talk is written by a program, not by a model."""
    if emitted(node) != "turn" or work.first:
        return 1.0
    if path in cut and len(cut) > 2:
        by_program = (min(cut), max(cut))
        all_s, spared = sum(map(sum, cut.values())), sum(sum(cut[end]) for end in by_program)
        return 0.0 if path in by_program else all_s / (all_s - spared)
    if work.tasks == 1:
        return 1.0
    return work.tasks / (work.tasks - 1) if any(path) else 0.0


def _first_share(node: Node, work: Work, path: Path) -> float | None:
    """Share of a task after which its first item is there; None where it is as the items' lengths say."""
    return work.first if not any(path) and not films(node) else None


def _shares(lengths: list[float], opening: float | None) -> Iterator[float]:
    """Share of the time of a task after which each of its items is there; of the first one, ``opening`` if given."""
    whole, done = sum(lengths) or 1.0, 0.0
    first = lengths[0] / whole if lengths else 0.0
    for length in lengths:
        done += length
        share = done / whole
        yield share if opening is None else opening + (share - first) / ((1.0 - first) or 1.0) * (1.0 - opening)


def holds(node: Node, asked: Evaluate) -> Evaluated:
    """Conditions hold, and loops make all their rounds."""
    last = asked.what != "round" or (node.until is None or asked.index + 1 >= node.repeat)
    return Evaluated(asked.run, asked.node, asked.path, asked.what, asked.index, NULL, holds=last)
