"""Branch and bound over intervals of the makespan: the best assignment for one aim, and a proven bound.

The program of an interval gives a bound for all assignments whose makespan lies in it, and ``evaluate`` says what its
answer is really worth. An interval whose bound is not good enough is cut in two, at the makespan of the answer, where
the relaxation is exact in both halves. Where nothing is multiplied by the makespan one program is enough.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable

import msgspec

from murakkab_optimizer.planner.assign.asking import Answer, Ask, answer, matters, promises
from murakkab_optimizer.planner.assign.clock import least_span, most_span
from murakkab_optimizer.planner.assign.columns import Field, Floats, Space, lay_out
from murakkab_optimizer.planner.assign.nouns import INFINITE, Assignment, Use
from murakkab_optimizer.planner.assign.program import Key, Program, Units, assignment_of, build, key_of
from murakkab_optimizer.planner.assign.sheet import solve_sheet

WIDE = 1.1
"""Ratio of the ends of an interval above which a linear program is enough to cut it."""

NARROW = 1e-7
"""Relative width of an interval that is not cut again."""


class Effort(msgspec.Struct, frozen=True):
    """How far to go.

    Attributes:
        gap: relative distance between the best assignment and the bound at which to stop.
        seconds: limit for each program.
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
        self.units = _units(ask, start or _any(space))
        self.products = _has_products(ask, space)
        if start:
            self._take(start)

    def run(self) -> Found:
        low, high = self._range()
        if low > high * (1 + 1e-9):
            return Found(self.best, INFINITE if self.best is None else self.best.value)
        heap: list[tuple[float, float, float]] = [(0.0, low, max(high, low))]
        while heap and heap[0][0] < self._target() and self.effort.may_go_on():
            bound, low, high = heapq.heappop(heap)
            for part in self._look(bound, low, high):
                heapq.heappush(heap, part)
        bound = min([self.closed, *(part[0] for part in heap[:1])])
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

    def _look(self, bound: float, low: float, high: float) -> list[tuple[float, float, float]]:
        """Solve the program of an interval; what is left of it to look at."""
        target = self._target()
        if high > 2 * low:
            low, high = self._tighten(low, high, target)
        if low > high:
            self.closed = min(self.closed, target)
            return []
        program = build(self.ask, self.space, self.units, low, high, self.cuts)
        if target < INFINITE:
            program.sheet.cap(program.value, self._scaled(target))
        wide = self.products and high > WIDE * low
        verdict = solve_sheet(
            program.sheet,
            gap=self.effort.gap / 2,
            relaxed=wide,
            seconds=self.effort.seconds,
            may_go_on=self.effort.may_go_on,
        )
        if not verdict.feasible:
            self.closed = min(self.closed, target)
            return []
        bound = max(bound, min(self._value(verdict.bound), target))
        kept, span = self._judge(program, None if wide else verdict.point)
        return self._parts(bound, low, high, span, again=kept is False)

    def _tighten(self, low: float, high: float, target: float) -> tuple[float, float]:
        """The part of an interval that can hold something better, by linear programs; empty where there is none."""
        while self.products and high - low > NARROW * high and self.effort.may_go_on():
            program = build(self.ask, self.space, self.units, low, high, self.cuts)
            if target < INFINITE:
                program.sheet.cap(program.value, self._scaled(target))
            ends = []
            for sign in (1.0, -1.0):
                program.sheet.aim_only(program.span, sign)
                verdict = solve_sheet(program.sheet, gap=0.0, seconds=self.effort.seconds, relaxed=True)
                if not verdict.feasible:
                    return INFINITE, low
                ends.append(sign * verdict.bound * self.units.time)
            before = high - low
            margin = 1e-7 * high
            low, high = max(low, ends[0] - margin), min(high, ends[1] + margin)
            if high - low > 0.8 * before:
                break
        return low, high

    def _judge(self, program: Program, point: Floats | None) -> tuple[bool | None, float]:
        """Measure a point; whether it keeps the limits, and its makespan."""
        if point is None:
            return None, 0.0
        key = key_of(program, point)
        given = self._take(assignment_of(self.space, key))
        if given.broken:
            self.cuts.append(key)
        return not given.broken, given.outcome.latency_s

    def _parts(
        self, bound: float, low: float, high: float, span: float, *, again: bool
    ) -> list[tuple[float, float, float]]:
        if bound >= self._target():
            self.closed = min(self.closed, bound)
            return []
        wide = high - low > NARROW * high
        if self.products and wide:
            middle = _middle(low, high, span)
            return [(bound, low, middle), (bound, middle, high)]
        if again:
            return [(bound, low, high)]
        self.closed = min(self.closed, bound)
        return []

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


def _middle(low: float, high: float, span: float) -> float:
    """Where to cut an interval: at the makespan of its answer, unless that is near an end."""
    edge = 0.05 * (high - low)
    if low + edge < span < high - edge:
        return span
    return math.sqrt(low * high) if low > high / 1e6 else (low + high) / 2


def _has_products(ask: Ask, space: Space) -> bool:
    """Whether something that counts is multiplied by the makespan.

    What a shared pool gets done within a makespan that is only limited is linear: the limit is a number.
    """
    need, cluster = matters(ask), ask.problem.cluster
    gpus = any(offer.device.kind == "gpu" and offer.count for offer in cluster.offers)
    rent = cluster.billing == "held" and gpus and (need.dollars or need.joules)
    done = any(not shared.cpu for shared in space.pools)
    timed = ask.aim == "latency" or any(name == "latency" for name, _ in promises(ask.wanted))
    return need.time and (rent or (done and timed))


def _any(space: Space) -> Assignment:
    picks = [int(columns.table[:, Field.BUSY].argmin()) for columns in space.columns]
    return tuple(
        Use(int(columns.candidate[pick]), int(columns.table[pick, Field.INSTANCES]))
        for columns, pick in zip(space.columns, picks, strict=True)
    )


def _units(ask: Ask, assignment: Assignment) -> Units:
    outcome = answer(ask, assignment).outcome
    return Units(outcome.latency_s or 1.0, outcome.cost_usd or 1.0, outcome.energy_wh or 1.0)
