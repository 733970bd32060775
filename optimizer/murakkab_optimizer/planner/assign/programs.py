"""The programs of a search: put together once, solved for interval after interval of the makespan."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from murakkab_optimizer.planner.assign.asking import Ask
from murakkab_optimizer.planner.assign.columns import Space
from murakkab_optimizer.planner.assign.linear import Linear
from murakkab_optimizer.planner.assign.near import Kept, narrowed
from murakkab_optimizer.planner.assign.nouns import INFINITE
from murakkab_optimizer.planner.assign.parts import Part
from murakkab_optimizer.planner.assign.program import Key, Program, Units, build
from murakkab_optimizer.planner.assign.sheet import Verdict, solve_sheet

NODES = 100
"""Nodes that a program with whole numbers may take at first; four times as many at each further try."""

SECONDS = 0.5
"""Seconds that such a program may take at first, where nobody said; twice as many at each further try."""


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


class Programs:
    """Programs of one question.

    Args:
        ask: what is asked.
        effort: how far to go.
        space: columns.
        units: of values.

    Attributes:
        cuts: points that are known not to keep the limits.

    """

    def __init__(self, ask: Ask, effort: Effort, space: Space, units: Units) -> None:
        self._ask, self._effort, self._space, self._units = ask, effort, space, units
        self.cuts: list[Key] = []
        self._whole: tuple[int, Program] | None = None
        self._basis: tuple[tuple[int, int], Any] | None = None

    def relaxed(self, part: Part, target: float) -> Program:
        """The smaller program of all columns for an interval; nothing in it is worth ``target`` or more."""
        if self._whole is None or self._whole[0] != len(self.cuts):
            self._whole = len(self.cuts), build(self._ask, self._space, self._units, self.cuts, exact=False)
        return self._capped(self._whole[1].between(part.low, part.high), target)

    def of(self, part: Part, target: float, kept: Sequence[Kept], *, exact: bool) -> Program:
        """The program of some columns for an interval; nothing in it is worth ``target`` or more."""
        cuts = narrowed(self.cuts, kept)
        program = build(self._ask, self._space.keep(kept), self._units, cuts, exact=exact)
        return self._capped(program.between(part.low, part.high), target)

    def _capped(self, program: Program, target: float) -> Program:
        if target < INFINITE:
            program.sheet.cap(program.value, self.scaled(target))
        return program

    def linear(self, program: Program) -> tuple[Linear, Verdict]:
        """Solve the linear program, from the basis of the last one that looked the same."""
        shape = program.sheet.shape
        basis = self._basis[1] if self._basis and self._basis[0] == shape else None
        linear = Linear(program.sheet, basis, self._effort.may_go_on)
        verdict = linear.solve()
        if verdict.point is not None:
            self._basis = shape, linear.basis
        return linear, verdict

    def whole(self, program: Program, tries: int = 0) -> Verdict:
        """Solve a program with whole numbers; HiGHS does not ask in all it does if it may go on, so time is limited."""
        return solve_sheet(
            program.sheet,
            gap=self._effort.gap / 2,
            seconds=(self._effort.seconds or SECONDS) * 2.0**tries,
            may_go_on=self._effort.may_go_on,
            nodes=min(NODES * 4**tries, 2**31 - 1),
        )

    def value(self, scaled: float) -> float:
        """The value of an aim from what a program says, lowered by what floating point may have added."""
        if scaled in (INFINITE, -INFINITE):
            return scaled
        lowered = max(scaled - 1e-9 * max(1.0, scaled), 0.0)
        if self._ask.aim == "quality":
            return 1.0 - math.exp(-lowered) if lowered < self._space.floor - 0.5 else 1.0
        return lowered * self._units.of(self._ask.aim)

    def scaled(self, value: float) -> float:
        """What a program says for a value of an aim."""
        if self._ask.aim == "quality":
            return -math.log1p(-value) if value < 1.0 else INFINITE
        return value / self._units.of(self._ask.aim)
