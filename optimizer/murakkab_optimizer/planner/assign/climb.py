"""An assignment without a solver: step after step takes the column that helps most, until none does.

Starts have the columns that are cheapest at prices of time and of quality; the best of them are descended from, once
for each of several makespans that may not be passed (devices are then paid for that long, so a shorter path alone is no
merit), and at last for what is really asked.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import cast

import msgspec
import numpy as np

from murakkab_optimizer.planner.assign.asking import Answer, Ask, answer
from murakkab_optimizer.planner.assign.clock import least_span
from murakkab_optimizer.planner.assign.columns import Columns, Field, Floats, Ints, Matters, Space, lay_out
from murakkab_optimizer.planner.assign.nouns import INFINITE, Assignment, Objective, Problem, Solution, Use
from murakkab_optimizer.planner.assign.pace import starts_at_once
from murakkab_optimizer.planner.assign.terrain import Goal, State, Terrain

SWEEPS = 12
"""Rounds over all steps at most."""

SPANS = 4
"""Makespans that are tried."""

MANY = 15
"""Steps above which a search from the best starts alone finds more in the same time."""

WEIGHTS = (0.5, 1.0, 2.0, 5.0, 10.0)
"""What missed limits weigh in the first rounds: little at first, so that what is cheap is not given up for them."""

PRICES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Prices of seconds and of lost quality, against the objective."""


WORSE = 30.0
"""What the logarithm of lost quality weighs against the dearest column."""


def greedy(problem: Problem, may_go_on: Callable[[], bool] = lambda: True) -> Solution | None:
    """An assignment that keeps all limits, or None where none was found.

    Args:
        problem: what is to be planned.
        may_go_on: asked now and then; False ends with the best so far.

    Returns:
        The best assignment of a few descents. Its bound is 0: nothing is proven.

    """
    compared = Matters(memory=problem.cluster.memory_mb > 0, pace=starts_at_once(problem))
    space = lay_out(problem, compared, no_zero=problem.limits.quality > 0)
    if space is None:
        return None
    given = Climber(Ask(problem, problem.objectives[0]), space, may_go_on).best_of_all()
    return Solution(given.assignment, given.outcome, 0.0, "greedy") if given else None


class Climber:
    """Descents over the columns of a problem.

    Args:
        ask: what is asked; its aim is an objective.
        space: columns.
        may_go_on: asked between steps.

    """

    def __init__(self, ask: Ask, space: Space, may_go_on: Callable[[], bool] = lambda: True) -> None:
        self.ask, self.problem, self.space, self.may_go_on = ask, ask.problem, space, may_go_on
        problem = ask.problem
        self.terrain = Terrain(ask, space)
        self.at = {step.name: index for index, step in enumerate(problem.steps)}
        self.tied = {self.at[name] for tie in problem.ties for name in (tie.step, tie.other)}
        self.best: Answer | None = None

    def best_of_all(self) -> Answer | None:
        """The best answer of descents from several starts."""
        starts = self._starts()
        goal = self._goal(starts[0])
        starts = self._first_of(starts, goal)
        for start in starts[:2]:
            self.descend(start, goal)
        if len(starts[0]) > MANY:
            return self.best
        for span in self._spans():
            held = msgspec.structs.replace(goal, span=span)
            for smooth in (True, False):
                picks = self.walk(self._first_of(starts, held)[0], msgspec.structs.replace(held, smooth=smooth))
                self.descend(picks, goal)
        return self.best

    def descend(self, picks: Ints, goal: Goal | None = None) -> None:
        """Walk to where no step helps any more, and measure what that is."""
        if self.may_go_on() or self.best is None:
            self.take(self.walk(picks, goal or self._goal(picks)))

    def take(self, picks: Ints) -> Answer:
        """Measure some columns."""
        given = answer(self.ask, assignment(self.space, picks))
        if not given.broken and (self.best is None or given.value < self.best.value):
            self.best = given
        return given

    def walk(self, picks: Ints, goal: Goal) -> Ints:
        """Let each step take its best column, until none does."""
        state = State(self.terrain, self._keep_ties(picks, -1))
        for weight in WEIGHTS:
            self._sweep(state, msgspec.structs.replace(goal, weight=weight))
        merit = INFINITE
        for _ in range(SWEEPS):
            before = merit
            for index in range(len(picks)):
                if not self.may_go_on():
                    return state.picks
                merit = self._improve(state, index, goal)
            if merit >= before - 1e-6 * abs(before):
                break
        return state.picks

    def _sweep(self, state: State, goal: Goal) -> None:
        for index in range(len(state.picks)):
            if self.may_go_on():
                self._improve(state, index, goal)

    def _improve(self, state: State, index: int, goal: Goal) -> float:
        """Give one step its best column; the merit then."""
        looks = state.look(index, goal)
        now = float(looks[state.picks[index]])
        pick = int(looks.argmin())
        if looks[pick] >= now - 1e-9 * abs(now):
            return now
        if index not in self.tied:
            state.move(index, pick)
            return float(looks[pick])
        return self._improve_tied(state, index, goal, looks, now)

    def _improve_tied(self, state: State, index: int, goal: Goal, looks: Floats, now: float) -> float:
        for pick in np.argsort(looks, kind="stable")[:3]:
            other = state.picks.copy()
            other[index] = pick
            moved = self._keep_ties(other, index)
            trial = State(self.terrain, moved)
            merit = float(trial.look(index, goal)[moved[index]])
            if merit < now - 1e-9 * abs(now) and self._ties_kept(moved):
                for step in np.flatnonzero(moved != state.picks):
                    state.move(int(step), int(moved[step]))
                return merit
        return now

    def _ties_kept(self, picks: Ints) -> bool:
        chosen = [int(c.candidate[pick]) for c, pick in zip(self.space.columns, picks, strict=True)]
        ties = self.problem.ties
        return all(chosen[self.at[t.step]] not in t.when or chosen[self.at[t.other]] in t.then for t in ties)

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

    def _goal(self, picks: Ints) -> Goal:
        outcome = answer(self.ask, assignment(self.space, picks)).outcome
        rest = [name for name in self.problem.objectives if name != self.ask.aim]
        objectives = (cast(Objective, self.ask.aim), *rest)
        return Goal(objectives, {name: outcome.value(name) or 1.0 for name in objectives})

    def _first_of(self, starts: list[Ints], goal: Goal) -> list[Ints]:
        """The starts, the best first."""
        merits = [float(State(self.terrain, start).look(0, goal)[start[0]]) for start in starts]
        return [starts[at] for at in np.argsort(merits, kind="stable")]

    def _starts(self) -> list[Ints]:
        """Columns that are least in one thing, or cheapest at prices of time and of lost quality."""
        fields = (Field.BUSY, Field.LOSS, Field.DOLLARS, Field.JOULES)
        starts = [np.array([_least(columns, field) for columns in self.space.columns]) for field in fields]
        quick = starts[0]
        second = [
            float(columns.table[pick, Field.BUSY]) for columns, pick in zip(self.space.columns, quick, strict=True)
        ]
        for time, loss in itertools.product(PRICES, PRICES):
            starts.append(np.array([self._cheapest(at, time, loss, second[at]) for at in range(len(quick))]))
        return starts

    def _cheapest(self, step: int, time: float, loss: float, second: float) -> int:
        """The column of a step that is cheapest at prices of time and of lost quality."""
        table, terrain = self.terrain.tables[step], self.terrain
        rate = table[:, len(Field) :] @ terrain.price
        pooled = terrain.pools[step] >= 0
        if len(terrain.shared) and pooled.any():
            own = terrain.pools[step][pooled]
            rate[pooled] += (
                table[pooled, Field.INSTANCES] * terrain.shared.each[own] * terrain.price[terrain.shared.offer[own]]
            )
        money = (rate if terrain.held else 0.0) / max(terrain.price.max(initial=0.0), 1e-9)
        money = money + table[:, Field.DOLLARS] / max(float(table[:, Field.DOLLARS].max()), 1e-9)
        return int(
            (money + time * table[:, Field.BUSY] / max(second, 1e-9) + 30 * loss * table[:, Field.LOSS]).argmin()
        )

    def _spans(self) -> list[float]:
        """Makespans between the least one and what may be, or what the best answer has."""
        if not self.best and self.problem.limits.latency_s == INFINITE:
            return []
        low = max(least_span(self.space, self.ask), 1e-9)
        high = min(self.problem.limits.latency_s, 2 * self.best.outcome.latency_s if self.best else INFINITE)
        return [] if high <= low else np.geomspace(high, low, SPANS + 1)[:-1].tolist()


def assignment(space: Space, picks: Ints) -> Assignment:
    """The assignment of some columns."""
    chosen = zip(space.columns, picks, strict=True)
    return tuple(Use(int(c.candidate[pick]), int(c.table[pick, Field.INSTANCES])) for c, pick in chosen)


def _least(columns: Columns, field: Field) -> int:
    return int(np.lexsort((columns.table[:, Field.BUSY], columns.table[:, field]))[0])
