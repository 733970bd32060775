"""The ladder of a show whose shots are generated on accelerators, stage after stage, each by instances of its own.

The instances of a plan stay as they are; what changes from rung to rung is what a shot asks of them. A denoiser makes
fewer steps, as far as its card rates them; with no step at all it hands on what it was given, and its decoder with it:
footage whose lips do not follow the words, or the picture that the footage would have begun with. What enlarges may be
replaced by what does it on processors. The rungs are those of which none is both better and less work.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from murakkab_optimizer.catalog import ModelCard, Needs
from murakkab_optimizer.graph import Node
from murakkab_optimizer.hardware import CPU
from murakkab_optimizer.plan import Configuration, Rung
from murakkab_optimizer.planner.assign.nouns import Solution
from murakkab_optimizer.planner.build import Built
from murakkab_optimizer.planner.candidates import Way
from murakkab_optimizer.planner.explain import configuration

DENOISES = frozenset({"video-denoising", "image-text-to-video", "lip-sync-denoising", "lip-sync"})
"""Capabilities whose time is that of their steps, and which may be left out."""

LIPS = frozenset({"lip-sync-denoising", "lip-sync"})

DECODES = {"video-decoding": "video-denoising", "lip-sync-decoding": "lip-sync-denoising"}
"""What decodes the latents of what."""

STEPS = "steps"
SAVES = 0.04
"""Share of the accelerators' work that a rung saves at least against the next better one."""


class _Option(msgspec.Struct, frozen=True):
    """A way to do a stage: its configuration, quality against the planned one, seconds a task, and how it is called."""

    configuration: Configuration
    quality: float
    name: str = ""
    static: bool = False

    @property
    def work(self) -> float:
        """Accelerator-seconds of a task."""
        return self.configuration.seconds * self.configuration.devices


class _Mix(msgspec.Struct, frozen=True):
    """An option for each stage."""

    options: tuple[_Option, ...]
    work: float

    @property
    def quality(self) -> float:
        return math.prod(option.quality for option in self.options)

    @property
    def static(self) -> bool:
        return any(option.static for option in self.options)

    @property
    def name(self) -> str:
        return ", ".join(option.name for option in self.options if option.name) or "as planned"


def staged_ladder(built: Built, solution: Solution) -> tuple[Rung, ...]:
    """The rungs of a solution, the best first; none where no stage on an accelerator has anything to give up.

    None, too, where nobody knows how fast a stage is.
    """
    stages = _Stages(built, solution)
    if not built.problem.video_s or not any(stages.on_accelerator(node) for node in stages.nodes):
        return ()
    if not all(stages.way(node.name).candidate.known for node in stages.nodes):
        return ()
    front = stages.front()
    return tuple(stages.rung(mix) for mix in front) if len(front) > 1 else ()


class _Stages:
    def __init__(self, built: Built, solution: Solution) -> None:
        self.built, self.solution = built, solution
        self.index = {step.name: i for i, step in enumerate(built.problem.steps)}
        self.nodes = list(self._filming())

    def _filming(self) -> Iterator[Node]:
        """Stages over what stands on the timeline, in the order in which they follow each other."""
        graph, lineages = self.built.graph, self.built.graph.lineages()
        timeline = {node.name for node in graph.nodes if node.ordered and node.streams}
        for node in graph.nodes:
            stage = node.capability in DENOISES or node.capability in DECODES or self._enlarges(node)
            if stage and not node.streams and not timeline.isdisjoint(lineages[node.name]):
                yield node

    def _enlarges(self, node: Node) -> bool:
        return node.name in self.built.ways and self.built.ways[node.name].enlarges

    def on_accelerator(self, node: Node) -> bool:
        return node.capability in DENOISES and self._planned(node.name).configuration.devices > 0

    def way(self, name: str) -> Way:
        return self.built.ways[name].ways[self.solution.assignment[self.index[name]].candidate]

    def _planned(self, name: str) -> _Option:
        return _Option(self._configured(self.way(name)), 1.0)

    def _configured(self, way: Way) -> Configuration:
        return configuration(way, self.built.problem.cluster.offers[way.candidate.offer])

    def front(self) -> list[_Mix]:
        """Those of which none is better and less work, in steps that save something; the last one may stand still."""
        mixes = sorted(self._mixes(), key=lambda mix: (-mix.quality, mix.work))
        moving = _front(mix for mix in mixes if not mix.static)
        still = min((mix for mix in mixes if mix.static), key=lambda mix: (mix.work, -mix.quality), default=None)
        return [*moving, still] if still is not None and still.work < moving[-1].work else moving

    def _mixes(self) -> Iterator[_Mix]:
        for options in itertools.product(*(self._options(node) for node in self.nodes)):
            if self._goes(options):
                yield _Mix(options, sum(option.work for option in options))

    def _options(self, node: Node) -> list[_Option]:
        planned = self._planned(node.name)
        if node.capability in DENOISES:
            return [planned, *_fewer_steps(self.way(node.name).card, node, planned.configuration)]
        if node.capability in DECODES:
            return [planned, _handed_on(planned.configuration, {}, 1.0)]
        return [planned, *self._on_processors(node.name, planned.configuration)]

    def _on_processors(self, name: str, planned: Configuration) -> Iterator[_Option]:
        """The best way to enlarge on processors, where the planned one uses an accelerator."""
        offers = self.built.problem.cluster.offers
        ways = [
            way
            for way in self.built.ways[name].ways
            if offers[way.candidate.offer].device.kind == "cpu" and way.candidate.known and not way.card.passes
        ]
        if planned.devices and ways:
            best = max(ways, key=lambda way: (way.quality, -way.task_s))
            yield _Option(self._configured(best), min(best.quality / planned.quality, 1.0), best.card.name)

    def _goes(self, options: Sequence[_Option]) -> bool:
        """Whether every decoder has latents exactly where its denoiser makes some; nothing speaks that stands still."""
        chosen = {node.name: option for node, option in zip(self.nodes, options, strict=True)}
        for node in self.nodes:
            denoiser = self._denoiser(node)
            if denoiser and _works(chosen[denoiser].configuration) != _works(chosen[node.name].configuration):
                return False
        still = any(option.static for option in options)
        return not still or not any(_works(chosen[n.name].configuration) for n in self.nodes if n.capability in LIPS)

    def _denoiser(self, node: Node) -> str | None:
        """The stage whose latents a node decodes."""
        wanted = DECODES.get(node.capability)
        sources = {edge.source for edge in node.edges}
        return next((one.name for one in self.nodes if one.capability == wanted and one.name in sources), None)

    def rung(self, mix: _Mix) -> Rung:
        works = self.built.work.nodes
        chosen = {node.name: option for node, option in zip(self.nodes, mix.options, strict=True)}
        paces = {name: option.configuration.seconds / works[name].seconds for name, option in chosen.items()}
        cores = sum(paces[n] * option.configuration.needs.threads for n, option in chosen.items() if not option.work)
        return Rung(
            name="still" if mix.static else mix.name,
            nodes={name: option.configuration for name, option in chosen.items()},
            quality=round(mix.quality, 4),
            load=round(self.solution.outcome.load + cores, 4),
            paces={name: round(pace, 5) for name, pace in paces.items()},
            first_s=round(sum(pace * works[name].seconds * works[name].first for name, pace in paces.items()), 4),
            static=mix.static,
        )


def _front(mixes: Iterable[_Mix]) -> list[_Mix]:
    front: list[_Mix] = []
    for mix in mixes:
        if not front or mix.work < front[-1].work * (1 - SAVES):
            front.append(mix)
    return front


def _fewer_steps(card: ModelCard, node: Node, planned: Configuration) -> Iterator[_Option]:
    """A denoiser with fewer steps, as its card rates them: its time is proportional to them."""
    steps = planned.knobs.get(STEPS)
    if not isinstance(steps, int | float) or not planned.devices:
        return
    for rating in card.rated:
        fewer = rating.knobs.get(STEPS)
        if rating.knobs.keys() != {STEPS} or not isinstance(fewer, int | float) or fewer >= steps:
            continue
        knobs, quality = {**planned.knobs, STEPS: fewer}, rating.value / planned.quality
        named = "lips" if node.capability in LIPS else "film"
        if fewer:
            scaled = msgspec.structs.replace(
                planned, knobs=knobs, seconds=planned.seconds * fewer / steps, quality=rating.value
            )
            yield _Option(scaled, quality, f"{named} in {fewer:g} steps")
        else:
            static = bool(card.still) and all(knobs.get(name) == value for name, value in card.still.items())
            yield msgspec.structs.replace(_handed_on(planned, knobs, quality), name=f"no {named}", static=static)


def _handed_on(planned: Configuration, knobs: Mapping[str, Any], quality: float) -> _Option:
    """A stage that is left out: what it is given goes on as it is."""
    left_out = Configuration(planned.model, dict(knobs), Needs(0, 20), 0.0, CPU, 0, planned.quality * quality)
    return _Option(left_out, quality)


def _works(configuration: Configuration) -> bool:
    return configuration.seconds > 0
