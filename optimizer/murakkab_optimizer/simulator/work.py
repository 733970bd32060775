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
    task, and the model all others.
    Chance is drawn from the seed, the run, the node and the path, so an attempt is as long whoever asks.

    Args:
        noise: of the time of a task: standard deviation of its logarithm.
        lengths: the same of the length of an item.
        seed: source of chance.
        items: by node, items of one task; by default as ``planner.workload`` estimates them.
        answer: of conditions and loops; by default every condition holds, and loops make all their rounds.
        openings: by node that does not stream, seconds of the first of its tasks in a run, where an earlier run showed
            them: the first turn may be said by a faster voice than the mean of all.

    """

    def __init__(
        self,
        noise: float = 0.0,
        lengths: float = 0.0,
        seed: int = 0,
        items: Mapping[str, int] | None = None,
        answer: Answer | None = None,
        openings: Mapping[str, float] | None = None,
    ) -> None:
        self._noise, self._lengths, self._seed = noise, lengths, seed
        self._items, self._answer, self._openings = items or {}, answer or holds, openings or {}
        self._workloads: dict[int, tuple[Graph, Workload]] = {}
        self._factors: dict[tuple[str, str, Path], float] = {}

    def made(self, graph: Graph, task: StartTask) -> Made:
        """Seconds of the task, and when its items are there."""
        node, work = graph.node(task.node), self._work(graph, task.node)
        of_item = self._factor(task.run, graph, node, task.path)
        seconds = task.configuration.seconds * of_item * self._chance(self._noise, task.run, task.node, task.path)
        seconds *= _written(node, work, task.path)
        if not node.streams:
            first = work.tasks > 1 and not any(task.path)
            return Made(self._openings.get(node.name, seconds) if first else seconds)
        count = self._items.get(node.name, work.items)
        lengths = [self._length(task, node, work, index, of_item, count) for index in range(count)]
        opening = work.first if lengths and not any(task.path) and not films(node) else None
        shares = list(_shares(lengths, opening))
        items = [(seconds * share, length) for share, length in zip(shares, lengths, strict=True)]
        return Made(seconds, tuple(items[task.first_item :]))

    def seconds_shown(self, run: str, graph: Graph, path: Path) -> float:
        """Seconds of the show that one item is, as long as it turned out."""
        if graph.publish is None:
            return 0.0
        node, work = graph.node(graph.publish), self._work(graph, graph.publish)
        items = self._items.get(node.name, work.items) if node.streams else 1
        return work.seconds / max(items, 1) * self._factor(run, graph, node, path)

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

    def _factor(self, run: str, graph: Graph, node: Node, path: Path) -> float:
        """How many times longer than expected the item at ``path`` is, or the one that it was made from."""
        name: str | None = node.name
        while name is not None:
            over = graph.node(name)
            if over is not node and (found := self._factors.get((run, name, path[: over.item_depth]))) is not None:
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


def _written(node: Node, work: Work, path: Path) -> float:
    """How much of the mean task one task is: the opening of a talk is written by a program, not by a model."""
    if emitted(node) != "turn" or work.first or work.tasks == 1:
        return 1.0
    return work.tasks / (work.tasks - 1) if any(path) else 0.0


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
