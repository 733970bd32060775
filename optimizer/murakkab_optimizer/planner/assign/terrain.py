"""What all columns of one step would give, the other steps as they are: in arrays, exact, without a solver."""

from __future__ import annotations

import math
from collections import defaultdict

import msgspec
import numpy as np

from murakkab_optimizer.planner.assign.asking import Ask, promises
from murakkab_optimizer.planner.assign.columns import ALONE, Field, Floats, Ints, Space
from murakkab_optimizer.planner.assign.evaluate import SECONDS_PER_HOUR, idle_watts
from murakkab_optimizer.planner.assign.nouns import INFINITE, Objective
from murakkab_optimizer.planner.assign.paths import Graph, Paths, Times
from murakkab_optimizer.planner.assign.pools import Pools, Taken

BROKEN = 1e3
"""What a limit that is missed by its own size weighs against an objective that doubles."""

LATER = 1e-3
"""What an objective weighs against the one before it."""


class Goal(msgspec.Struct, frozen=True):
    """What a descent makes small.

    Attributes:
        objectives: the first one first.
        scale: what each is divided by.
        span: a makespan that may not be passed and for which devices are held; 0: the makespan of the assignment.
        smooth: whether parts of servers can be rented.
        weight: what a limit that is missed by its own size weighs.

    """

    objectives: tuple[Objective, ...]
    scale: dict[Objective, float] = {}
    span: float = 0.0
    smooth: bool = False
    weight: float = BROKEN


class Terrain:
    """Columns of all steps, and the figures of a cluster, as arrays."""

    def __init__(self, ask: Ask, space: Space) -> None:
        self.problem, self.space = ask.problem, space
        problem = ask.problem
        self.tables = [columns.table for columns in space.columns]
        self.pools = [columns.pool for columns in space.columns]
        self.pooled = [bool((pool != ALONE).any()) for pool in self.pools]
        self.graph = Graph(problem)
        offers = problem.cluster.offers
        self.gpu = np.array([offer.device.kind == "gpu" for offer in offers], dtype=bool)
        self.count = np.array([max(offer.count, 1) for offer in offers], dtype=float)
        self.size = np.array([offer.device.server_size for offer in offers], dtype=float)
        self.price = np.array([offer.price for offer in offers])
        self.idle = np.array([idle_watts(offer) for offer in offers])
        self.held = problem.cluster.billing == "held"
        self.shared = Pools(problem, space)
        self.tops = [(n, max(-math.log(top) if n == "quality" else top, 1e-9)) for n, top in promises(problem.limits)]
        caps = [
            (n, -math.log1p(-top) if n == "quality" else top)
            for n, top in ask.caps.items()
            if top < 1 or n != "quality"
        ]
        self.tops += [(name, max(top, 1e-9)) for name, top in caps]
        self.items = Graph(problem, items=True) if ask.strict else None
        self.behind = [_behind(table) for table in self.tables] if ask.strict else []
        self.video_s = problem.video_s if problem.limits.realtime else INFINITE

    def times(self, step: int, pick: int) -> Times:
        """Seconds of a column."""
        busy, task, first = self.tables[step][pick, : Field.FIRST + 1].tolist()
        return busy, task, first

    def trailing(self, step: int, pick: int) -> Times:
        """Seconds of a column from its first item on."""
        busy, task, first = self.behind[step][pick].tolist()
        return busy, task, first


def _behind(table: Floats) -> Floats:
    """Seconds of columns from their first item on."""
    times = table[:, [Field.BUSY, Field.TASK, Field.FIRST]]
    behind: Floats = times - times[:, [Field.FIRST]]
    return behind


class State:
    """A column of each step, and what follows from it."""

    def __init__(self, terrain: Terrain, picks: Ints) -> None:
        self.terrain, self.picks = terrain, picks.copy()
        self.rows = [terrain.times(step, pick) for step, pick in enumerate(picks.tolist())]
        self.sums = np.sum([table[pick] for table, pick in zip(terrain.tables, picks, strict=True)], axis=0)
        self.users: dict[int, set[int]] = defaultdict(set)
        for step, pick in enumerate(picks.tolist()):
            self._use(step, pick)
        self._paths: Paths | None = None
        self._spreads: Paths | None = None
        self._pools: Taken | None = None

    def _use(self, step: int, pick: int) -> None:
        if (pool := int(self.terrain.pools[step][pick])) != ALONE:
            self.users[pool].add(step)

    @property
    def paths(self) -> Paths:
        """Longest paths, walked when they are asked for."""
        if self._paths is None:
            self._paths = Paths(self.terrain.graph, self.rows, self.terrain.video_s)
        return self._paths

    def _spread(self, step: int, items: Graph) -> Floats:
        """Seconds from the first shown item to the last one with each of the columns of a step."""
        if self._spreads is None:
            rows = [self.terrain.trailing(at, pick) for at, pick in enumerate(self.picks.tolist())]
            self._spreads = Paths(items, rows, 0.0)
        return self._spreads.ttff(step, self.terrain.behind[step])

    def move(self, step: int, pick: int) -> None:
        """Give a step another column."""
        terrain, old = self.terrain, int(self.picks[step])
        self.sums = self.sums - terrain.tables[step][old] + terrain.tables[step][pick]
        if (pool := int(terrain.pools[step][old])) != ALONE:
            self.users[pool].discard(step)
        self.picks[step] = pick
        self._use(step, pick)
        self.rows[step] = terrain.times(step, pick)
        self._paths = self._spreads = self._pools = None

    def _taken(self, step: int) -> Taken:
        """What the shared pools take without a step."""
        own = int(self.terrain.pools[step][self.picks[step]])
        if self._pools is None:
            self._pools = Taken.nothing(len(self.terrain.shared))
            for pool in self.users:
                self._pools.fill(pool, self._rows(pool, -1))
        if own == ALONE:
            return self._pools
        taken = self._pools.copy()
        taken.fill(own, self._rows(own, step))
        return taken

    def _rows(self, pool: int, without: int) -> list[Floats]:
        """The columns of the users of a pool but for one."""
        return [self.terrain.tables[user][self.picks[user]] for user in sorted(self.users[pool]) if user != without]

    def look(self, step: int, goal: Goal) -> Floats:
        """What the goal would be with each of the columns of a step: limits missed, then the objectives."""
        terrain, problem = self.terrain, self.terrain.problem
        table = terrain.tables[step]
        sums = self.sums - table[self.picks[step]] + table
        latency = self.paths.latency(step, table)
        if problem.cluster.cores:
            latency = np.maximum(latency, sums[:, Field.CORE_S] / problem.cluster.cores)
        devices, memory = sums[:, len(Field) :], sums[:, Field.MEMORY]
        dollars, joules = sums[:, Field.DOLLARS], sums[:, Field.JOULES]
        paced = np.zeros(len(table))
        if len(terrain.shared):
            shares = terrain.shared.shares(self._taken(step), table, terrain.pools[step])
            devices, dollars, memory = devices + shares.devices, dollars + shares.dollars, memory + shares.memory
            latency, paced = np.maximum(latency, shares.seconds), shares.paced_s
        over = np.maximum(devices / terrain.count - 1, 0.0) @ terrain.gpu
        if terrain.held:
            rented = devices if goal.smooth else np.ceil(devices / terrain.size - 1e-9) * terrain.size
            rented = rented * (terrain.gpu * (goal.span or latency[:, None]))
            dollars, joules = dollars + rented @ terrain.price, joules + rented @ terrain.idle
        values: dict[str, Floats] = {
            "cost": dollars / SECONDS_PER_HOUR,
            "energy": joules / SECONDS_PER_HOUR,
            "quality": 1 - np.exp(-sums[:, Field.LOSS]),
            "latency": latency,
            "ttff": self.paths.ttff(step, table),
        }
        for name, top in terrain.tops:
            value = sums[:, Field.LOSS] if name == "quality" else values[name]
            over = over + np.maximum(value / top - 1 - 1e-9, 0.0)
        over = over + self._over(goal, sums, latency, memory) + self._behind(step, paced)
        aims = [values[name] / goal.scale.get(name, 1.0) * LATER**at for at, name in enumerate(goal.objectives)]
        found: Floats = goal.weight * over + np.sum(aims, axis=0)
        return found

    def _over(self, goal: Goal, sums: Floats, latency: Floats, memory: Floats) -> Floats:
        """By how much makespan, memory and cores are missed."""
        problem, over = self.terrain.problem, np.zeros(len(sums))
        if goal.span:
            over += np.maximum(latency / goal.span - 1 - 1e-9, 0.0)
        if problem.cluster.memory_mb:
            over += np.maximum(memory / problem.cluster.memory_mb - 1, 0.0)
        if problem.limits.realtime and problem.video_s:
            room = problem.video_s * problem.cluster.cores * (1 - problem.reserve)
            over += np.maximum(sums[:, Field.CORE_S] / max(room, 1e-9) - 1, 0.0)
        return over

    def _behind(self, step: int, paced: Floats) -> Floats:
        """By how much the pace of the show is missed, ``paced`` seconds being the most of a shared pool."""
        terrain, video_s = self.terrain, self.terrain.problem.video_s
        if terrain.items is None:
            return np.zeros_like(paced)
        late = np.maximum(self._spread(step, terrain.items) - video_s, 0.0) + np.maximum(paced - video_s, 0.0)
        return late / max(video_s, 1.0)
