"""Branch and bound over intervals of the makespan: the best assignment for one aim, and a proven bound.

The program of an interval gives a bound for all assignments whose makespan lies in it, and ``evaluate`` says what its
answer is really worth. An interval whose bound is not good enough is cut in two, at the makespan of the answer, where
the relaxation is exact in both halves. Where nothing is multiplied by the makespan one program is enough.
"""

from __future__ import annotations

import heapq
import math

import msgspec
import numpy as np

from murakkab_optimizer.planner.assign.asking import FIELDS, Answer, Ask, answer, matters
from murakkab_optimizer.planner.assign.climb import Climber
from murakkab_optimizer.planner.assign.clock import least_span, most_span
from murakkab_optimizer.planner.assign.columns import Field, Floats, Ints, Space, lay_out
from murakkab_optimizer.planner.assign.near import Kept, Near, widened
from murakkab_optimizer.planner.assign.nouns import INFINITE, Assignment
from murakkab_optimizer.planner.assign.parts import Part, anything, first_parts, has_products, middle, units_of
from murakkab_optimizer.planner.assign.program import Program, assignment_of, key_of
from murakkab_optimizer.planner.assign.programs import Effort, Programs

WIDE = 1.05
"""Ratio of the ends of an interval above which a linear program is enough to cut it."""

MANY = 30
"""Steps above which a walk takes longer than a linear program."""

PROMISING = 0.9
"""Ratio of bound and best value below which the walk is made nonetheless."""

SUPPORTED = 0.93
"""The least makespan at which the columns of a linear program's answer are searched, of that of the best answer."""

NARROW = 1e-7
"""Relative width of an interval that is not cut again."""


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
        self.closed = INFINITE
        self.units = units_of(ask, start or anything(space))
        self.programs = Programs(ask, effort, space, self.units)
        self.products = has_products(ask, space)
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
        if self.products and len(self.space.columns) > MANY:
            self._look_at_support()
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

    def _close(self, bound: float) -> list[Part]:
        self.closed = min(self.closed, bound)
        return []

    def _relax(self, part: Part) -> list[Part]:
        """Bound an interval by its linear program, and cut it where that says little."""
        target = self._target()
        program = self.programs.relaxed(part, target)
        _, verdict = self.programs.linear(program)
        if not verdict.feasible:
            return self._close(target)
        bound = max(part.bound, min(self.programs.value(verdict.bound), target))
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
        if not self.effort.may_go_on():
            return [part]
        target = self._target()
        kept, bound = self._worth(part, target)
        if kept is None:
            return self._close(target)
        part = part._replace(bound=max(part.bound, min(bound, target)))
        if not self.effort.may_go_on():
            return [part]
        program = self.programs.of(part, target, kept, exact=True)
        verdict = self.programs.whole(program, part.tries)
        if not verdict.feasible:
            return self._close(target)
        bound = max(part.bound, min(self.programs.value(verdict.bound), target))
        sound, span = self._judge(program, verdict.point, kept)
        if not verdict.done and verdict.bound < INFINITE:
            return self._close(bound) if bound >= self._target() else [part._replace(bound=bound, tries=part.tries + 1)]
        return self._parts(part._replace(bound=bound), span, again=sound is False)

    def _worth(self, part: Part, target: float) -> tuple[list[Kept] | None, float]:
        """The columns that a better answer can have, by their reduced costs; None where there is none."""
        program = self.programs.relaxed(part, target)
        linear, verdict = self.programs.linear(program)
        if not verdict.feasible:
            return None, INFINITE
        every = [np.ones(len(own), dtype=bool) for own in program.choice]
        if verdict.point is None or target == INFINITE:
            return every, self.programs.value(verdict.bound)
        room = self.programs.scaled(target) - verdict.bound
        reduced = linear.reduced
        kept = [reduced[own] <= room + 1e-6 * max(1.0, abs(verdict.bound)) for own in program.choice]
        return kept, self.programs.value(verdict.bound)

    def _look_at_support(self) -> None:
        """Look for something better among the columns that a linear program makes use of, near the best makespan."""
        if self.best is None or not self.effort.may_go_on():
            return
        high = min(self.best.outcome.latency_s, self._range()[1])
        part = Part(0.0, max(high * SUPPORTED, self._range()[0]), high)
        program = self.programs.relaxed(part, self._target())
        _, verdict = self.programs.linear(program)
        if verdict.point is None or not self.effort.may_go_on():
            return
        kept = [verdict.point[own] > 1e-6 for own in program.choice]
        program = self.programs.of(part, self._target(), kept, exact=False)
        self._judge(program, self.programs.whole(program).point, kept)

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
            program = self.programs.of(part, self._target(), kept, exact=False)
            verdict = self.programs.whole(program)
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
        if given.broken and key not in self.programs.cuts:
            self.programs.cuts.append(key)
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
