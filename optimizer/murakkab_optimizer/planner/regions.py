"""What goes from one region to another takes its time: a step of its own between the step that makes it and its reader.

Such a step has a candidate for each pair of regions that a link connects, on no device, and is tied to the regions of
both. Its task takes the latency of the link and what one item needs to get through; where that is the longer part,
items follow each other. Regions without a link are not connected: no plan spans them. Where an offer names no region,
nothing is counted.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.hardware import Cluster, Link
from murakkab_optimizer.planner.assign.nouns import Assignment, Candidate, Need, Problem, Step, Tie, Use
from murakkab_optimizer.planner.eligible import NoPlanError
from murakkab_optimizer.planner.ways import lines
from murakkab_optimizer.planner.workload import Workload

MOVES = "$move"
"""What the names of such steps begin with."""

CLIP_BIT, LATENT_BYTES, IMAGE_BYTES = 0.1, 0.125, 1.5
"""Of a pixel: H.264 (bits), latents of a video autoencoder of 8 x 8 x 4 with 16 channels of 16 bit, PNG."""

AUDIO_BYTES, TEXT_BYTES = 48_000.0, 4_000.0
"""Of a second of speech (24 kHz, 16 bit), of an answer."""

LINES = 360.0
"""Of a picture where no node says how high it is."""

_LATENTS = ("video-denoising", "lip-sync-denoising")
_AUDIO = ("text-to-speech", "text-to-audio")
_IMAGES = ("text-to-image", "image-to-image", "object-detection", "slide-rendering")

COUNTED = (
    f"between regions a clip counts as {CLIP_BIT:g} bit a pixel, a picture as {IMAGE_BYTES:g} bytes a pixel, "
    f"latents as {LATENT_BYTES:g}, speech as {AUDIO_BYTES / 1000:g} kB a second, anything else as "
    f"{TEXT_BYTES / 1000:g} kB"
)


def with_moves(problem: Problem, graph: Graph, work: Workload) -> Problem:
    """The problem with the steps of what goes between regions; the very same one where all is in one region.

    Args:
        problem: such steps in it, and the needs for them, are made anew; its ties are those of other steps.
        graph: that it is of.
        work: of the graph.

    Raises:
        NoPlanError: two steps that need each other can only be done in regions that are not connected.

    """
    if len({offer.region for offer in problem.cluster.offers if offer.region}) < 2:
        return problem
    problem = _without(problem)
    moves = _Moves(problem, graph, work)
    steps = tuple(itertools.chain.from_iterable(moves.around(step) for step in problem.steps))
    return msgspec.structs.replace(problem, steps=steps, ties=(*problem.ties, *moves.ties))


def _without(problem: Problem) -> Problem:
    """The problem as if nothing had to be moved."""
    moved = {step.name: step.needs[0] for step in problem.steps if step.name.startswith(MOVES)}
    steps = (
        msgspec.structs.replace(step, needs=tuple(moved.get(need.step, need) for need in step.needs))
        for step in problem.steps
        if step.name not in moved
    )
    return msgspec.structs.replace(problem, steps=tuple(steps)) if moved else problem


def settled(problem: Problem, assignment: Assignment) -> Assignment:
    """The assignment with all moves as the other steps make them necessary; what is not connected stays as it is."""
    uses = dict(zip((step.name for step in problem.steps), assignment, strict=True))
    for step in problem.steps:
        if step.name.startswith(MOVES):
            ties = [tie for tie in problem.ties if tie.step == step.name]
            fits = (
                i
                for i in range(len(step.candidates))
                if all(i not in tie.when or uses[tie.other].candidate in tie.then for tie in ties)
            )
            uses[step.name] = Use(next(fits, uses[step.name].candidate), uses[step.name].instances)
    return tuple(uses[step.name] for step in problem.steps)


class _Moves:
    def __init__(self, problem: Problem, graph: Graph, work: Workload) -> None:
        self.graph, self.work, self.cluster = graph, work, problem.cluster
        self.steps = {step.name: step for step in problem.steps}
        self.links = {(link.source, link.target): link for link in _both_ways(problem.cluster.links)}
        self.ties: list[Tie] = []

    def around(self, step: Step) -> Iterator[Step]:
        """The moves before a step, and the step behind them."""
        needs = []
        for need in step.needs:
            move = self._move(self.steps[need.step], step, need)
            needs.append(need if move is None else Need(move.name, need.whole))
            if move is not None:
                yield move
        yield msgspec.structs.replace(step, needs=tuple(needs))

    def _move(self, source: Step, step: Step, need: Need) -> Step | None:
        """What brings the output of one step to another; None where it never leaves a region."""
        here, there = _by_region(source, self.cluster), _by_region(step, self.cluster)
        if "" in here or "" in there or len(here.keys() | there.keys()) < 2:
            return None
        pairs = [pair for pair in itertools.product(here, there) if pair[0] == pair[1] or pair in self.links]
        if not pairs:
            ends = f"'{source.name}' can be done in {', '.join(here)} and '{step.name}' in {', '.join(there)}"
            raise NoPlanError(f"{ends}, and no link of {self.cluster.name} connects these regions")
        name = f"{MOVES} {source.name} {step.name}"
        for side, (other, places) in enumerate(((source.name, here), (step.name, there))):
            for region, then in places.items():
                when = frozenset(i for i, pair in enumerate(pairs) if pair[side] == region)
                self.ties.append(Tie(name, when, other, then))
        size = self._bytes(source, step, whole=need.whole)
        return self._step(name, pairs, size, source, step, need)

    def _step(self, name: str, pairs: list[tuple[str, str]], size: float, source: Step, step: Step, need: Need) -> Step:
        cores = next((i for i, offer in enumerate(self.cluster.offers) if offer.device.kind == "cpu"), 0)
        times = [_seconds(self.links.get(pair), size) for pair in pairs]
        return Step(
            name=name,
            tasks=1 if need.whole else step.tasks,
            candidates=tuple(Candidate(name, sum(both), offer=cores, devices=0) for both in times),
            needs=(Need(source.name, need.whole),),
            serial=any(through > latency for latency, through in times),
        )

    def _bytes(self, source: Step, step: Step, *, whole: bool) -> float:
        """Of what a task of a step takes of another one, about."""
        node = self.graph.node(source.name)
        seconds = self.work.show_s if whole else self.work.nodes[step.name].seconds
        return _made(node, seconds, self._pixels(node), self.work.nodes[source.name].fps)

    def _pixels(self, node: Node) -> float:
        said = [height for one in (node, *self.graph.nodes) if (height := lines(one))]
        height = said[0] if said else LINES
        return height * height * 16 / 9


def _made(node: Node, seconds: float, pixels: float, fps: float) -> float:
    """Bytes of what a node makes for so many seconds of the show."""
    if node.capability in _LATENTS:
        return LATENT_BYTES * pixels * fps * seconds
    if node.capability in _AUDIO:
        return AUDIO_BYTES * seconds
    if node.capability in _IMAGES:
        return IMAGE_BYTES * pixels
    if "video" in node.capability or node.capability.startswith("lip-sync"):
        return CLIP_BIT / 8 * pixels * fps * seconds
    return TEXT_BYTES


def _seconds(link: Link | None, size: float) -> tuple[float, float]:
    """Seconds until the first byte is there, and from then on."""
    return (link.latency_s, size * 8 / (link.gbit_s * 1e9)) if link else (0.0, 0.0)


def _both_ways(links: Iterable[Link]) -> Iterator[Link]:
    """Links, and those in the other direction where none is named."""
    named = {(link.source, link.target) for link in links}
    for link in links:
        yield link
        if (link.target, link.source) not in named:
            yield msgspec.structs.replace(link, source=link.target, target=link.source)


def _by_region(step: Step, cluster: Cluster) -> Mapping[str, frozenset[int]]:
    """Indices of the candidates of a step by their region."""
    regions = [cluster.offers[candidate.offer].region for candidate in step.candidates]
    return {region: frozenset(i for i, one in enumerate(regions) if one == region) for region in dict.fromkeys(regions)}
