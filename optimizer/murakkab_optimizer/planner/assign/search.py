"""Branch and bound over intervals of the makespan: the best assignment for one aim, and a proven bound.

The program of an interval gives a bound for all assignments whose makespan lies in it, and ``evaluate`` says what its
answer is really worth. An interval whose bound is not good enough is cut in two, at the makespan of the answer, where
the relaxation is exact in both halves. Where nothing is multiplied by the makespan one program is enough.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from murakkab_optimizer.planner.assign.asking import FIELDS, Answer, Ask, answer, matters
from murakkab_optimizer.planner.assign.climb import Climber
from murakkab_optimizer.planner.assign.clock import least_span, most_span
from murakkab_optimizer.planner.assign.columns import Field, Floats, Ints, Space, lay_out
from murakkab_optimizer.planner.assign.linear import Linear
from murakkab_optimizer.planner.assign.near import Kept, Near, narrowed, widened
from murakkab_optimizer.planner.assign.nouns import INFINITE, Assignment
from murakkab_optimizer.planner.assign.parts import Part, anything, first_parts, has_products, middle, units_of
from murakkab_optimizer.planner.assign.program import Key, Program, assignment_of, build, key_of
from murakkab_optimizer.planner.assign.sheet import Verdict, solve_sheet

WIDE = 1.05
"""Ratio of the ends of an interval above which a linear program is enough to cut it."""

NODES = 100
"""Nodes that a program with whole numbers may take at first; four times as many at each further try."""

SECONDS = 0.5
"""Seconds that such a program may take at first, where nobody said; twice as many at each further try."""

MANY = 30
"""Steps above which a walk takes longer than a linear program."""

PROMISING = 0.9
"""Ratio of bound and best value below which the walk is made nonetheless."""

NARROW = 1e-7
"""Relative width of an interval that is not cut again."""


class Effort(msgspec.Struct, frozen=True):
    """How far to go.

    Attributes:
        gap: relative distance between the best assignment and the bound at which to stop.
        seconds: limit for each program; for those with whole numbers at first, doubled at each further try.
        may_go_on: asked between programs and now and then in them.

    """

    gap: float = 1e-4
    seconds: float | None = None
    may_go_on: Callable[[], bool] = lambda: True


class Found(msgspec.Struct, frozen=True):
    """What a search found.

    Attributes:
        best: the best answer, or None.
        bound: no answer has a smaller value; infinite where there is none at all.

    """

    best: Answer | None
    bound: float

    @property
    def none(self) -> bool:
        """Whether it is proven that there is no answer."""
        return self.best is None and self.bound == INFINITE


def search(ask: Ask, effort: Effort, start: Assignment | None = None) -> Found:
    """Find the best answer.

    Args:
        ask: what is asked.
        effort: how far to go.
        start: an assignment to begin with; one that does not keep the limits is no harm.

    """
    space = lay_out(ask.problem, matters(ask), no_zero=_no_zero(ask))
    if space is None:
        return Found(None, INFINITE)
    return _Search(ask, effort, space, start).run()


def _no_zero(ask: Ask) -> bool:
    return ask.problem.limits.quality > 0 or ask.caps.get("quality", 1.0) < 1.0


class _Search:
    def __init__(self, ask: Ask, effort: Effort, space: Space, start: Assignment | None) -> None:
        self.ask, self.effort, self.space = ask, effort, space
        self.best: Answer | None = None
        self.cuts: list[Key] = []
        self.closed = INFINITE
        self.units = units_of(ask, start or anything(space))
        self.products = has_products(ask, space)
        self.basis: tuple[tuple[int, int], Any] | None = None
        self.climber = Climber(ask, space, effort.may_go_on) if ask.aim in FIELDS else None
        self.near = Near(len(space.columns))
        if start:
            self._take(start)

    def run(self) -> Found:
        low, high = self._range()
        if low > high * (1 + 1e-9):
            return Found(self.best, INFINITE if self.best is None else self.best.value)
        heap: list[Part] = []
        for part in first_parts(low, max(high, low)) if self.products else [Part(0.0, low, max(high, low))]:
            for piece in self._relax(part) if self.effort.may_go_on() else [part]:
                heapq.heappush(heap, piece)
        while heap and heap[0].bound < self._target() and self.effort.may_go_on():
            part = heapq.heappop(heap)
            for piece in self._relax(part) if part.tries < 0 else self._decide(part):
                heapq.heappush(heap, piece)
        bound = max(min([self.closed, *(part.bound for part in heap[:1])]), 0.0)
        return Found(self.best, min(bound, self.best.value) if self.best else bound)

    def _target(self) -> float:
        """A bound that is good enough."""
        if self.best is None:
            return INFINITE
        return self.best.value - max(self.effort.gap * self.best.value, 1e-8 * self.units.of(self.ask.aim))

    def _range(self) -> tuple[float, float]:
        """The makespans that come into question."""
        if not matters(self.ask).time:
            return 0.0, 0.0
        most = self.ask.problem.limits.latency_s
        most = min(most, self.ask.caps.get("latency", INFINITE))
        return least_span(self.space, self.ask), min(most * (1 + 1e-8) + 1e-8, most_span(self.space))

    def _program(self, part: Part, target: float, space: Space, cuts: list[Key], *, exact: bool) -> Program:
        program = build(self.ask, space, self.units, part.low, part.high, cuts, exact=exact)
        if target < INFINITE:
            program.sheet.cap(program.value, self._scaled(target))
        return program

    def _linear(self, program: Program) -> tuple[Linear, Verdict]:
        """Solve the linear program, from the basis of the last one that looked the same."""
        shape = program.sheet.shape
        basis = self.basis[1] if self.basis and self.basis[0] == shape else None
        linear = Linear(program.sheet, basis, self.effort.may_go_on)
        verdict = linear.solve()
        if verdict.point is not None:
            self.basis = shape, linear.basis
        return linear, verdict

    def _close(self, bound: float) -> list[Part]:
        self.closed = min(self.closed, bound)
        return []

    def _relax(self, part: Part) -> list[Part]:
        """Bound an interval by its linear program, and cut it where that says little."""
        target = self._target()
        program = self._program(part, target, self.space, self.cuts, exact=False)
        _, verdict = self._linear(program)
        if not verdict.feasible:
            return self._close(target)
        bound = max(part.bound, min(self._value(verdict.bound), target))
        promising = self.best is None or len(self.space.columns) <= MANY or bound < PROMISING * self.best.value
        span = self._round(program, verdict.point, walk=promising)
        if bound >= self._target():
            return self._close(bound)
        if self.products and part.high > WIDE * part.low:
            cut = math.sqrt(part.low * part.high) if part.high < 2 * part.low else middle(part.low, part.high, span)
            return [Part(bound, part.low, cut), Part(bound, cut, part.high)]
        return [Part(bound, part.low, part.high, 0)]

    def _round(self, program: Program, point: Floats | None, *, walk: bool) -> float:
        """Walk from the columns with the largest part in a point; the makespan in the point."""
        if point is None:
            return 0.0
        if self.climber and walk:
            picks = np.array([int(point[own].argmax()) for own in program.choice])
            self.climber.descend(picks)
            if self.climber.best:
                self._take(self.climber.best.assignment)
        return float(point[program.span]) * self.units.time if program.span >= 0 else 0.0

    def _decide(self, part: Part) -> list[Part]:
        """Solve the program of an interval with whole numbers, as far as the number of nodes that it may take."""
        self._look_near()
        target = self._target()
        kept, bound = self._worth(part, target)
        if kept is None:
            return self._close(target)
        part = part._replace(bound=max(part.bound, min(bound, target)))
        program = self._program(part, target, self.space.keep(kept), narrowed(self.cuts, kept), exact=True)
        verdict = self._whole(program, part.tries)
        if not verdict.feasible:
            return self._close(target)
        bound = max(part.bound, min(self._value(verdict.bound), target))
        sound, span = self._judge(program, verdict.point, kept)
        if not verdict.done and verdict.bound < INFINITE:
            return self._close(bound) if bound >= self._target() else [part._replace(bound=bound, tries=part.tries + 1)]
        return self._parts(part._replace(bound=bound), span, again=sound is False)

    def _whole(self, program: Program, tries: int) -> Verdict:
        """Solve a program with whole numbers; HiGHS does not ask in all it does if it may go on, so time is limited."""
        return solve_sheet(
            program.sheet,
            gap=self.effort.gap / 2,
            seconds=(self.effort.seconds or SECONDS) * 2.0**tries,
            may_go_on=self.effort.may_go_on,
            nodes=min(NODES * 4**tries, 2**31 - 1),
        )

    def _worth(self, part: Part, target: float) -> tuple[list[Kept] | None, float]:
        """The columns that a better answer can have, by their reduced costs; None where there is none."""
        program = self._program(part, target, self.space, self.cuts, exact=False)
        linear, verdict = self._linear(program)
        if not verdict.feasible:
            return None, INFINITE
        every = [np.ones(len(own), dtype=bool) for own in program.choice]
        if verdict.point is None or target == INFINITE:
            return every, self._value(verdict.bound)
        room = self._scaled(target) - verdict.bound
        reduced = linear.reduced
        kept = [reduced[own] <= room + 1e-6 * max(1.0, abs(verdict.bound)) for own in program.choice]
        return kept, self._value(verdict.bound)

    def _look_near(self) -> None:
        """Look for something better around the best answer: some steps free, the others as they are."""
        picks = self._picks() if self.best else None
        while picks is not None and self.effort.may_go_on() and (near := self.near.next()):
            assert self.best is not None
            before = self.best.value
            kept = [np.ones(len(own), dtype=bool) for own in self.space.columns]
            for step in set(range(len(picks))) - near.steps:
                kept[step] = np.arange(len(kept[step])) == picks[step]
            high = min(self.best.outcome.latency_s * near.reach * (1 + 1e-9), self._range()[1])
            part = Part(0.0, max(high * near.width, self._range()[0]), high)
            if part.low > part.high:
                continue
            program = self._program(part, self._target(), self.space.keep(kept), narrowed(self.cuts, kept), exact=False)
            verdict = self._whole(program, 0)
            self._judge(program, verdict.point, kept)
            if self.best.value < before:
                self.near.won()
                picks = self._picks()

    def _picks(self) -> Ints | None:
        """The columns of the best answer, where it has some."""
        picks = []
        assert self.best is not None
        for use, columns in zip(self.best.assignment, self.space.columns, strict=True):
            same = np.flatnonzero(columns.candidate == use.candidate)
            if not len(same):
                return None
            instances = columns.table[same, Field.INSTANCES]
            picks.append(int(same[np.abs(instances - use.instances).argmin()]))
        return np.array(picks)

    def _judge(self, program: Program, point: Floats | None, kept: list[Kept]) -> tuple[bool | None, float]:
        """Measure a point; whether it keeps the limits, and its makespan."""
        if point is None:
            return None, 0.0
        key = widened(key_of(program, point), kept)
        given = self._take(assignment_of(self.space, key))
        if given.broken and key not in self.cuts:
            self.cuts.append(key)
        if self.climber and not self.ask.problem.ties:
            self.climber.descend(np.array(key[0]))
            if self.climber.best:
                self._take(self.climber.best.assignment)
        return not given.broken, given.outcome.latency_s

    def _parts(self, part: Part, span: float, *, again: bool) -> list[Part]:
        if part.bound >= self._target():
            return self._close(part.bound)
        if self.products and part.high - part.low > NARROW * part.high:
            cut = middle(part.low, part.high, span)
            return [part._replace(high=cut, tries=0), part._replace(low=cut, tries=0)]
        return [part] if again else self._close(part.bound)

    def _take(self, assignment: Assignment) -> Answer:
        given = answer(self.ask, assignment)
        if not given.broken and (self.best is None or given.value < self.best.value):
            self.best = given
        return given

    def _value(self, scaled: float) -> float:
        """The value of an aim from what the program says, lowered by what floating point may have added."""
        if scaled in (INFINITE, -INFINITE):
            return scaled
        lowered = max(scaled - 1e-9 * max(1.0, scaled), 0.0)
        if self.ask.aim == "quality":
            return 1.0 - math.exp(-lowered) if lowered < self.space.floor - 0.5 else 1.0
        return lowered * self.units.of(self.ask.aim)

    def _scaled(self, value: float) -> float:
        if self.ask.aim == "quality":
            return -math.log1p(-value) if value < 1.0 else INFINITE
        return value / self.units.of(self.ask.aim)
