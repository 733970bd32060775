"""When the viewer needs what: the playback timeline of one run and how long work takes."""

from __future__ import annotations

from murakkab_optimizer.graph import Graph, Path
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.scheduler.events import Meta

FORGET = 0.3
"""Weight of the newest duration in the running mean of a node's task times."""


class PlaybackClock:
    """Deadlines of one run.

    The items of an ordered streaming node (the turns of a script) carry ``seconds``; added up they say when each
    is played. The viewer starts at ``started + ttff`` unless the player says where it is.
    """

    def __init__(self, graph: Graph, plan: Plan, started: float) -> None:
        self.started = started
        self._graph = graph
        self._origin = started + (graph.slo.ttff_s or 0.0)
        self._offsets: dict[Path, float] = {}
        self._total = 0.0
        self._expected = {name: node.chosen.seconds for name, node in plan.nodes.items()}
        self._remaining: dict[str, float] | None = None

    def viewer_at(self, now: float, position_s: float) -> None:
        """The player shows second ``position_s`` at time ``now``."""
        self._origin = now - position_s

    def scripted(self, path: Path, meta: Meta) -> None:
        """An item of an ordered streaming node stands next on the timeline."""
        seconds = meta.get("seconds")
        if isinstance(seconds, int | float):
            self._offsets[path] = self._total
            self._total += seconds

    def took(self, node: str, seconds: float) -> None:
        """A task of ``node`` took that long."""
        known = self._expected.get(node, 0.0)
        self._expected[node] = seconds if known == 0.0 else known + FORGET * (seconds - known)
        self._remaining = None

    def expected(self, node: str) -> float:
        """Expected seconds of one task of ``node``."""
        return self._expected.get(node, 0.0)

    def deadline(self, path: Path) -> float:
        """When what is made at ``path`` is needed on the screen."""
        for length in range(len(path), 0, -1):
            offset = self._offsets.get(path[:length])
            if offset is not None:
                return self._origin + offset
        return self._origin + (self._total if path and path[0] else 0.0)

    def remaining(self, node: str) -> float:
        """Expected seconds from the start of a task of ``node`` to the published item."""
        if self._remaining is None:
            self._remaining = self._add_up()
        return self._remaining[node]

    def _add_up(self) -> dict[str, float]:
        total: dict[str, float] = {}
        for node in reversed(self._graph.nodes):
            behind = [total[reader.name] for reader in self._graph.readers(node.name)]
            total[node.name] = self.expected(node.name) + max(behind, default=0.0)
        return total
