"""An assignment without a solver: step after step takes the column that helps most, until none does.

What a change of one step does to times is known at once from the longest paths that lead to the step and from it on, so
all columns of a step are compared in one go, and the best of them is measured exactly.
"""

from __future__ import annotations

import numpy as np

from murakkab_optimizer.planner.assign.asking import Ask, answer, promises
from murakkab_optimizer.planner.assign.columns import Columns, Field, Floats, Ints, Matters, Space, lay_out
from murakkab_optimizer.planner.assign.evaluate import SECONDS_PER_HOUR, idle_watts
from murakkab_optimizer.planner.assign.nouns import Assignment, Objective, Problem, Solution, Use
from murakkab_optimizer.planner.assign.paths import Paths

SWEEPS = 30
"""Rounds over all steps at most."""

BROKEN = 1e3
"""What a limit that is missed by its own size weighs against an objective that doubles."""

LATER = 1e-3
"""What an objective weighs against the one before it."""

STARTS = (Field.BUSY, Field.LOSS, Field.INSTANCES, Field.DOLLARS)
"""A start has the columns that take least of one of these."""


def greedy(problem: Problem) -> Solution | None:
    """An assignment that keeps all limits, or None where none was found.

    Args:
        problem: what is to be planned.

    Returns:
        The best assignment of a few descents. Its bound is 0: nothing is proven.

    """
    space = lay_out(problem, Matters(memory=problem.cluster.memory_mb > 0), no_zero=problem.limits.quality > 0)
    if space is None:
        return None
    walk = _Walk(problem, space)
    best: tuple[float, Assignment] | None = None
    for field in STARTS:
        merit, assignment = walk.descend(np.array([_least(columns, field) for columns in space.columns]))
        if best is None or merit < best[0]:
            best = merit, assignment
    given = answer(Ask(problem, problem.objectives[0]), best[1]) if best else None
    if given is None or given.broken:
        return None
    return Solution(given.assignment, given.outcome, 0.0, "greedy")


def _least(columns: Columns, field: Field) -> int:
    return int(np.lexsort((columns.table[:, Field.BUSY], columns.table[:, field]))[0])


class _Walk:
    """A descent over columns, one for each step."""

    def __init__(self, problem: Problem, space: Space) -> None:
        self.problem, self.space = problem, space
        self.ask = Ask(problem, problem.objectives[0])
        self.at = {step.name: index for index, step in enumerate(problem.steps)}
        self.devices = [_devices(problem, columns) for columns in space.columns]
        self.scale: dict[Objective, float] = {}

    def descend(self, picks: Ints) -> tuple[float, Assignment]:
        """Walk from a start to where no step helps; the merit there."""
        self._measure_scale(picks)
        picks = self._keep_ties(picks, -1)
        merit = self.merit(picks)
        for _ in range(SWEEPS):
            before = merit
            for index in range(len(picks)):
                picks, merit = self._improve(picks, merit, index)
            if merit >= before - 1e-9 * abs(before):
                break
        return merit, self.assignment(picks)

    def assignment(self, picks: Ints) -> Assignment:
        """The assignment of some columns."""
        chosen = zip(self.space.columns, picks, strict=True)
        return tuple(Use(int(c.candidate[pick]), int(c.table[pick, Field.INSTANCES])) for c, pick in chosen)

    def merit(self, picks: Ints) -> float:
        """What is to be small: limits missed, then the objectives."""
        given = answer(self.ask, self.assignment(picks))
        outcome, problem = given.outcome, self.problem
        over = [max(outcome.value(name) / top - 1, 0.0) for name, top in self._tops()]
        offers = zip(outcome.devices, problem.cluster.offers, strict=True)
        over += [max(used / max(offer.count, 1) - 1, 0.0) for used, offer in offers]
        over += [max(outcome.memory_mb / problem.cluster.memory_mb - 1, 0.0)] if problem.cluster.memory_mb else []
        over += [1e-3 * len(given.broken)]
        values = (outcome.value(name) / self.scale[name] for name in problem.objectives)
        return BROKEN * sum(over) + sum(value * LATER**place for place, value in enumerate(values))

    def _tops(self) -> list[tuple[Objective, float]]:
        limits = promises(self.problem.limits)
        return [(name, max(1 - top if name == "quality" else top, 1e-9)) for name, top in limits]

    def _measure_scale(self, picks: Ints) -> None:
        outcome = answer(self.ask, self.assignment(picks)).outcome
        self.scale = {name: outcome.value(name) or 1.0 for name in self.problem.objectives}

    def _improve(self, picks: Ints, merit: float, index: int) -> tuple[Ints, float]:
        """Give one step the column that looks best, if it is better."""
        if len(self.space.columns[index]) == 1:
            return picks, merit
        looks = self._looks(picks, index)
        for pick in np.argsort(looks, kind="stable")[:2]:
            if pick == picks[index]:
                break
            other = picks.copy()
            other[index] = pick
            other = self._keep_ties(other, index)
            better = self.merit(other)
            if better < merit - 1e-9 * abs(merit):
                return other, better
        return picks, merit

    def _keep_ties(self, picks: Ints, index: int) -> Ints:
        """Change the other steps of broken ties."""
        for tie in self.problem.ties:
            step, other = self.at[tie.step], self.at[tie.other]
            columns = self.space.columns
            if columns[step].candidate[picks[step]] not in tie.when:
                continue
            if columns[other].candidate[picks[other]] in tie.then:
                continue
            change, fits = (step, ~np.isin(columns[step].candidate, list(tie.when)))
            if other != index:
                change, fits = other, np.isin(columns[other].candidate, list(tie.then))
            allowed = np.flatnonzero(fits)
            if len(allowed):
                picks = picks.copy()
                picks[change] = allowed[columns[change].table[allowed, Field.BUSY].argmin()]
        return picks

    def _looks(self, picks: Ints, index: int) -> Floats:
        """About what the merit would be with each of the columns of a step."""
        problem, table = self.problem, self.space.columns[index].table
        paths = Paths(problem, [columns.table[pick] for columns, pick in zip(self.space.columns, picks, strict=True)])
        chosen = sum(columns.table[pick] for columns, pick in zip(self.space.columns, picks, strict=True))
        sums = chosen - table[picks[index]] + table
        used = sum(devices[pick] for devices, pick in zip(self.devices, picks, strict=True))
        devices = used - self.devices[index][picks[index]] + self.devices[index]
        latency, ttff = paths.with_columns(index, table)
        values = self._values(sums, devices, latency, ttff)
        over = np.zeros(len(table))
        for name, top in self._tops():
            over += np.maximum(values[name] / top - 1, 0.0)
        counts = np.array([max(offer.count, 1) for offer in problem.cluster.offers])
        gpus = np.array([offer.device.kind == "gpu" for offer in problem.cluster.offers])
        over += (np.maximum(devices / counts - 1, 0.0) * gpus).sum(axis=1)
        if problem.limits.realtime and problem.video_s and problem.cluster.cores:
            room = problem.video_s * problem.cluster.cores * (1 - problem.reserve)
            over += np.maximum(sums[:, Field.CORE_S] / room - 1, 0.0) if room else 0.0
        aims = [values[name] / self.scale[name] * LATER**place for place, name in enumerate(problem.objectives)]
        return np.asarray(BROKEN * over + np.sum(aims, axis=0))

    def _values(self, sums: Floats, devices: Floats, latency: Floats, ttff: Floats) -> dict[str, Floats]:
        cluster = self.problem.cluster
        dollars, joules = sums[:, Field.DOLLARS], sums[:, Field.JOULES]
        if cluster.billing == "held":
            gpus = [offer.device.kind == "gpu" for offer in cluster.offers]
            sizes = np.array([offer.device.server_size for offer in cluster.offers])
            rented = np.ceil(devices / sizes) * sizes * gpus * latency[:, None]
            dollars = dollars + rented @ np.array([offer.price for offer in cluster.offers])
            joules = joules + rented @ np.array([idle_watts(offer) for offer in cluster.offers])
        return {
            "cost": dollars / SECONDS_PER_HOUR,
            "energy": joules / SECONDS_PER_HOUR,
            "quality": 1 - np.exp(-sums[:, Field.LOSS]),
            "latency": latency,
            "ttff": ttff,
        }


def _devices(problem: Problem, columns: Columns) -> Floats:
    """Devices of each column, as if no pool were shared."""
    return columns.table[:, len(Field) :]
