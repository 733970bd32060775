"""The ladder of a plan: ways to make a shot that the scheduler may change between while the show runs.

A rung is a configuration for each node that films: that makes clips for what stands on the timeline, or brings such
clips to the canvas. Who is seen stays the same, so the model of a node stays the one that was chosen and only its
settings differ; among models that bring pictures to the canvas any may be taken. Of all that go together, the rungs are
those of which none is both cheaper and better.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from murakkab_optimizer.graph import Graph
from murakkab_optimizer.plan import Configuration, Rung
from murakkab_optimizer.planner.assign.evaluate import evaluate, violations
from murakkab_optimizer.planner.assign.nouns import Assignment, Solution, Use
from murakkab_optimizer.planner.build import Built
from murakkab_optimizer.planner.candidates import Way, Ways, lines
from murakkab_optimizer.planner.explain import configuration
from murakkab_optimizer.planner.settings import Loads, loads
from murakkab_optimizer.planner.speeds import drawn_height
from murakkab_optimizer.planner.stills import static
from murakkab_optimizer.planner.workload import OPENING_CLIP_S, films

SAVES = 0.04
"""Share of the work of filming that a rung saves at least against the next better one."""

SMALLEST = 0.5
"""Share of the height of the canvas that is drawn at least: up-scalers are rated for that."""

_KEPT = frozenset({"ties", "memory", "devices", "cost", "energy", "quality"})
"""What holds on every rung; keeping time is the scheduler's part."""


class _Combination(msgspec.Struct, frozen=True):
    """A way for each filming node.

    Attributes:
        picks: index of the way of each node.
        quality: product of their ratings.
        load: core-seconds of these nodes for a second of the show.
        static: nothing moves.

    """

    picks: tuple[int, ...]
    quality: float
    load: float
    static: bool


def ladder(built: Built, solution: Solution) -> tuple[Rung, ...]:
    """The rungs of a solution, the best first; none where there is nothing to choose."""
    names = list(filming(built.graph, built.ways)) if built.problem.video_s else []
    if not names:
        return ()
    return _Ladder(built, solution, names).rungs()


def filming(graph: Graph, ways: dict[str, Ways]) -> Iterator[str]:
    """Nodes that film what stands on the timeline."""
    loops = {node.name for node in graph.nodes if node.repeat}
    inside = loops.union(*(node.body for node in graph.nodes))
    timeline = {node.name for node in graph.nodes if node.ordered and node.streams} - inside
    lineages, found = graph.lineages(), set[str]()
    for node in graph.nodes:
        shown = node.name in ways and not timeline.isdisjoint(lineages[node.name])
        if shown and (films(node) or (ways[node.name].enlarges and node.for_each in found)):
            found.add(node.name)
            yield node.name


class _Ladder:
    def __init__(self, built: Built, solution: Solution, names: Sequence[str]) -> None:
        self.built, self.solution, self.names = built, solution, names
        self.index = {step.name: i for i, step in enumerate(built.problem.steps)}
        self.ways = {name: built.ways[name].ways for name in names}
        self.chosen = tuple(solution.assignment[self.index[name]].candidate for name in names)

    def rungs(self) -> tuple[Rung, ...]:
        found = [one for one in self._combinations() if self._kept(one)]
        mine = next(one for one in found if one.picks == self.chosen)
        moving = _front([one for one in found if not one.static], mine)
        least = min((one.load for one in moving), default=math.inf)
        still = min((one for one in found if one.static), key=lambda one: (one.load, -one.quality), default=None)
        last = [still] if still is not None and still.load < least and still not in moving else []
        if len(moving) + len(last) < 2:
            return ()
        return tuple(self._rung(one, [*moving, *last]) for one in [*moving, *last])

    def _combinations(self) -> Iterator[_Combination]:
        """All ways to film that go together."""
        choices = [self._choices(name, at) for name, at in zip(self.names, self.chosen, strict=True)]
        for picks in itertools.product(*choices):
            if self._together(picks):
                ways = [self.ways[name][at] for name, at in zip(self.names, picks, strict=True)]
                load = sum(self._pace(name, way) * way.candidate.devices for name, way in self._named(picks))
                yield _Combination(picks, math.prod(way.quality for way in ways), load, any(map(static, ways)))

    def _choices(self, name: str, at: int) -> list[int]:
        """Ways to do a node on the devices that were chosen for it, with figures that somebody knows."""
        mine, any_model = self.ways[name][at], self.built.ways[name].enlarges
        return [
            index
            for index, way in enumerate(self.ways[name])
            if index == at
            or (
                way.candidate.known
                and not 0 < drawn_height(way.candidate.knobs) < SMALLEST * lines(self.built.graph.node(name))
                and way.candidate.offer == mine.candidate.offer
                and (way.card is not mine.card or _held(way) == _held(mine))
                and (any_model or (way.card.name, way.candidate.devices) == (mine.card.name, mine.candidate.devices))
            )
        ]

    def _together(self, picks: tuple[int, ...]) -> bool:
        chosen = dict(zip(self.names, picks, strict=True))
        ties = (tie for tie in self.built.problem.ties if tie.step in chosen and tie.other in chosen)
        return all(chosen[tie.step] not in tie.when or chosen[tie.other] in tie.then for tie in ties)

    def _kept(self, one: _Combination) -> bool:
        """Whether it keeps what is promised besides time; a still need not look as good."""
        if one.picks == self.chosen:
            return True
        assignment = self._assignment(one)
        broken = violations(self.built.problem, assignment, evaluate(self.built.problem, assignment))
        return _KEPT.isdisjoint(set(broken) - ({"quality"} if one.static else set()))

    def _assignment(self, one: _Combination) -> Assignment:
        uses = list(self.solution.assignment)
        for name, at in zip(self.names, one.picks, strict=True):
            uses[self.index[name]] = Use(at, uses[self.index[name]].instances)
        return tuple(uses)

    def _named(self, picks: tuple[int, ...]) -> Iterator[tuple[str, Way]]:
        return ((name, self.ways[name][at]) for name, at in zip(self.names, picks, strict=True))

    def _pace(self, name: str, way: Way) -> float:
        seconds = self.built.work.nodes[name].seconds
        return way.task_s / seconds if seconds else 0.0

    def _opening_s(self, name: str) -> float:
        """Seconds of the show that a node makes before anything can be shown."""
        work, node = self.built.work.nodes[name], self.built.graph.node(name)
        clips = node.streams or node.for_each in self.names
        return min(work.seconds / work.items, OPENING_CLIP_S) if clips else work.seconds

    def _rung(self, one: _Combination, all_of_them: Sequence[_Combination]) -> Rung:
        outcome = evaluate(self.built.problem, self._assignment(one))
        paces = {name: self._pace(name, way) for name, way in self._named(one.picks)}
        return Rung(
            name=self._name(one, all_of_them),
            nodes={name: self._configuration(way) for name, way in self._named(one.picks)},
            quality=round(one.quality / max(other.quality for other in all_of_them), 4),
            load=round(outcome.load, 4),
            paces={name: round(pace, 5) for name, pace in paces.items()},
            first_s=round(sum(pace * self._opening_s(name) for name, pace in paces.items()), 4),
            static=one.static,
        )

    def _configuration(self, way: Way) -> Configuration:
        return configuration(way, self.built.problem.cluster.offers[way.candidate.offer])

    def _name(self, one: _Combination, all_of_them: Sequence[_Combination]) -> str:
        """The settings and models in which the rungs differ."""
        words: list[str] = []
        for place, (name, way) in enumerate(self._named(one.picks)):
            others = [self.ways[name][other.picks[place]] for other in all_of_them]
            if any(other.card.name != way.card.name for other in others) and not way.card.passes:
                words.append(way.card.name)
            words += _told(way, others)
        return ", ".join(words) or "plain"


def _held(way: Way) -> Loads:
    """Settings in which its instances are loaded: those of a rung that differ in them would be loaded for each shot."""
    return loads(way.card, way.candidate.knobs)


def _told(way: Way, others: Iterable[Way]) -> Iterator[str]:
    """Settings in which ways differ; texts speak for themselves, and what is 0 or off is not told."""
    others = [other for other in others if other.card.name == way.card.name]
    for name, value in way.candidate.knobs.items():
        if value and any(other.candidate.knobs.get(name) != value for other in others):
            yield value if isinstance(value, str) else f"{name.replace('_', ' ')} {value}"


def _front(found: Iterable[_Combination], chosen: _Combination) -> list[_Combination]:
    """Those of which none is better and cheaper, with the chosen one, in steps that save something."""
    front: list[_Combination] = []
    least = math.inf
    for one in sorted(found, key=lambda one: (-one.quality, one.load)):
        if one.picks == chosen.picks or one.load < least * (1 - SAVES):
            front.append(one)
            least = min(least, one.load)
    return front if chosen in front else sorted([*front, chosen], key=lambda one: (-one.quality, one.load))
