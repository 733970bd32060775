"""When the viewer needs what: the playback timeline of one run and how long work takes."""

from __future__ import annotations

from graphlib import TopologicalSorter

from murakkab_optimizer.graph import Graph, Path
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.scheduler.events import Meta

FORGET = 0.3
"""Weight of the newest duration in the running mean of a node's task times."""

SAYS = 0.1
"""Share of its expected time that a task takes at least. One that takes less, such as the opening of a talk that a
program has ready, says nothing of the others unless the next one of its node takes as little."""

BRIEF_S = 0.05
"""Expected seconds of a task below which its time says nothing of the machine: it is mostly waiting."""

SLOWEST, NOTED = 10.0, 0.2
"""Times by which one task may make the machine seem slower than the profiles, and the change of that which counts."""

STALE_S, STALE = 1.0, 0.2
"""Seconds by which deadlines move, and share by which what is left to do changes too, until waiting tasks are sorted
anew."""

Place = tuple[str, Path]
"""An item of the timeline: the node that emitted it, and its path."""

UNSAID_S = 3.0
"""Seconds of a show in real time that an item stands for while nobody said how long it is."""

PATIENCE_S = 3600.0
"""When the results of a run are due that promises no time at all."""


class PlaybackClock:
    """Deadlines of one run.

    The items of an ordered streaming node (the turns of a script) carry ``seconds``; added up they say when each
    is played. The viewer starts at ``started + ttff`` unless the player says where it is. The rounds of a loop, and
    what is made in them, stand at no place of the timeline: it is needed when what the loop runs over is needed.

    In a show in real time, what nobody said the length of stands behind all that was said, and no sooner than
    ``UNSAID_S`` for each item in front of it: the scenes of a show are not all drawn before its first picture.

    Where tasks take longer than their profiles say, nodes of which none has ended yet are expected to take as many
    times longer: on a slow machine, what has much behind it must begin earlier.

    A run that promises neither a first item nor real time is a batch: all of it is due ``latency`` after its start, or
    ``PATIENCE_S`` where it promises no seconds either, unless somebody watches it.

    Attributes:
        rate: seconds of the show that the viewer plays in a second.

    """

    def __init__(self, graph: Graph, plan: Plan, started: float) -> None:
        self.started = started
        self._origin = started + (graph.slo.ttff_s or 0.0)
        self._due = self._promised = _due(graph, started)
        self.rate = 1.0
        self._offsets: dict[Place, float] = {}
        self._lengths: dict[Place, float] = {}
        self._total = self._shown = 0.0
        self._unsaid_s = UNSAID_S if graph.slo.realtime else 0.0
        self._expected = {name: node.chosen.seconds for name, node in plan.nodes.items()}
        self._profiled, self._slower, self._noted = dict(self._expected), 1.0, 1.0
        self._doubted: set[str] = set()
        self._behind = _behind(graph)
        self._ahead = _ahead(self._behind)
        self._remaining: dict[str, float] = {}
        self._sorted: dict[str, float] = {}
        self._stale = False
        for name in TopologicalSorter(self._behind).static_order():
            self._add_up(name)
        self._sorted, self._sorted_for, self._sorted_watched = dict(self._remaining), self._origin, self.watched
        loops = {node.name for node in graph.nodes if node.repeat}
        inside = loops.union(*(node.body for node in graph.nodes))
        self._timeline = {node.name for node in graph.nodes if node.ordered and node.streams} - inside
        lineages = graph.lineages()
        self._timed = {
            name: [(level + 1, stream) for level, stream in enumerate(lineage) if stream in self._timeline][::-1]
            for name, lineage in lineages.items()
        }
        self._first = {
            name: next((level for level, stream in enumerate(lineage) if stream not in loops), None)
            for name, lineage in lineages.items()
        }

    def viewer_at(self, now: float, position_s: float, rate: float = 1.0) -> None:
        """The player shows second ``position_s`` at time ``now``, and ``rate`` seconds in each one."""
        self._stale = self._stale or rate != self.rate
        self._origin, self.rate, self._due = now - position_s / rate, rate, None

    def viewer_left(self, now: float) -> None:
        """Nobody plays it any more: a batch is due as before, a show as for one who goes on from there as it comes."""
        self.viewer_at(now, (now - self._origin) * self.rate)
        self._due = self._promised

    def moved(self) -> bool:
        """Whether tasks that wait are out of order: what they were sorted by has changed since this was said last."""
        moved = self._stale or abs(self._origin - self._sorted_for) > STALE_S or self.watched != self._sorted_watched
        if moved:
            self._sorted, self._sorted_for, self._stale = dict(self._remaining), self._origin, False
            self._sorted_watched = self.watched
        return moved

    @property
    def watched(self) -> bool:
        """Whether somebody watches, or is promised to be able to."""
        return self._due is None

    def published(self, now: float, seconds: float) -> None:
        """That much more can be shown: the viewer starts with the first of it, and waits for what comes too late."""
        if seconds and self._due is None:
            self._origin = max(self._origin, now - self._shown / self.rate) if self._shown else now
        self._shown += seconds

    def buffer(self, now: float) -> float:
        """Seconds of the show that can be shown and were not."""
        return self._shown - min(max(now - self._origin, 0.0) * self.rate, self._shown)

    def scripted(self, node: str, path: Path, meta: Meta) -> None:
        """Put an item behind the others on the timeline, if it is one of an ordered streaming node."""
        seconds = meta.get("seconds")
        if node in self._timeline and isinstance(seconds, int | float):
            self._offsets[node, path], self._lengths[node, path] = self._total, float(seconds)
            self._total += seconds

    def took(self, node: str, seconds: float) -> None:
        """A task of ``node`` took that long."""
        known = self._expected.get(node, 0.0)
        if seconds >= known * SAYS:
            self._doubted.discard(node)
        elif node not in self._doubted:
            self._doubted.add(node)
            return
        self._expected[node] = seconds if known == 0.0 else known + FORGET * (seconds - known)
        if self._expected[node] != known:
            self._add_up_before(node)
        if (profiled := self._profiled.pop(node, 0.0)) >= BRIEF_S:
            self._first_of_its_kind(seconds / profiled)

    def _first_of_its_kind(self, slower: float) -> None:
        """The first task of a node took so many times as long as its profile says: others may, too."""
        self._slower += FORGET * (min(slower, SLOWEST) - self._slower)
        if abs(self._slower / self._noted - 1.0) < NOTED:
            return
        factor = max(self._slower, 1.0) / max(self._noted, 1.0)
        self._noted = self._slower
        for node in self._profiled:
            self._expected[node] *= factor
        for node in self._ahead:
            self._add_up(node)

    def expect(self, node: str, seconds: float) -> None:
        """Tasks of ``node`` are done otherwise from now on, and take that long by their profile."""
        self._profiled[node] = seconds
        self._expected[node] = seconds * max(self._noted, 1.0)
        self._add_up_before(node)

    def scale(self, node: str, factor: float) -> None:
        """Tasks of ``node`` will take so many times as long from now on."""
        if factor != 1.0 and (known := self._expected.get(node, 0.0)):
            self._expected[node] = known * factor
            if node in self._profiled:
                self._profiled[node] *= factor
            self._add_up_before(node)

    def shot(self, node: str, path: Path) -> Place | None:
        """The item of the timeline that a task works for; None where it works for none, or for all."""
        return next(((stream, path[:length]) for length, stream in self._timed[node]), None)

    def timing(self, shot: Place) -> tuple[float, float]:
        """When the viewer comes to an item of the timeline, and its seconds; none where nobody said how long it is."""
        return self._origin + self._offsets.get(shot, self._total) / self.rate, self._lengths.get(shot, 0.0)

    def expected(self, node: str) -> float:
        """Expected seconds of one task of ``node``."""
        return self._expected.get(node, 0.0)

    def deadline(self, node: str, path: Path) -> float:
        """When what the task of ``node`` at ``path`` makes is needed."""
        if self._due is not None:
            return self._due
        for length, stream in self._timed[node]:
            offset = self._offsets.get((stream, path[:length]))
            if offset is not None:
                return self._origin + offset / self.rate
        first = self._first[node]
        before = 0 if first is None else path[first]
        return self._origin + (max(self._total, before * self._unsaid_s) / self.rate if before else 0.0)

    def remaining(self, node: str) -> float:
        """Expected seconds from the start of a task of ``node`` to the published item; of a loop, one round."""
        return self._remaining[node]

    def total(self) -> float:
        """Expected seconds from the first step to the published item."""
        return max(self._remaining.values())

    def _add_up_before(self, node: str) -> None:
        """What is left to do has changed for a node and for all that comes before it."""
        for name in self._ahead[node]:
            self._add_up(name)

    def _add_up(self, node: str) -> None:
        longest = 0.0
        for behind in self._behind[node]:
            if (there := self._remaining[behind]) > longest:
                longest = there
        found = self._remaining[node] = self._expected.get(node, 0.0) + longest
        was = self._sorted.get(node, found)
        self._stale = self._stale or abs(found - was) > max(STALE_S, STALE * was)


def _due(graph: Graph, started: float) -> float | None:
    """When a batch is due; None for a run that is watched."""
    slo = graph.slo
    if slo.ttff_s is not None or slo.realtime:
        return None
    return started + (slo.latency if isinstance(slo.latency, int | float) else PATIENCE_S)


def _ahead(behind: dict[str, list[str]]) -> dict[str, list[str]]:
    """By node, itself and all that something waits for it to do, each after those that wait for it."""
    order = list(TopologicalSorter(behind).static_order())
    found: dict[str, list[str]] = {}
    for node in order:
        changed = {node}
        for name in order:
            if not changed.isdisjoint(behind[name]):
                changed.add(name)
        found[node] = [name for name in order if name in changed]
    return found


def _behind(graph: Graph) -> dict[str, list[str]]:
    """By node, those that wait for it: its readers and, for the body of a loop, those of the loop's value."""
    behind: dict[str, list[str]] = {node.name: [] for node in graph.nodes}
    finals: dict[str, list[str]] = {node.name: [] for node in graph.nodes}
    for node in graph.nodes:
        for edge in node.edges:
            behind[edge.source].append(node.name)
            if edge.final:
                finals[edge.source].append(node.name)
    for node in graph.nodes:
        for name in node.body:
            behind[name].extend(finals[node.name])
    return {name: list(dict.fromkeys(names)) for name, names in behind.items()}
