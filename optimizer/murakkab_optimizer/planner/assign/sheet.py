"""A mixed-integer program as it is put together, and what HiGHS says of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from murakkab_optimizer.planner.assign.columns import Floats, Ints

if TYPE_CHECKING:
    import highspy

INFINITE = float("inf")

LARGE = 4000
"""Rows above which a program is not presolved: HiGHS takes seconds for that, and does not ask if it may go on."""

Term = tuple[Ints | int | Sequence[int], Floats | float | Sequence[float]]
"""Variables and their coefficients."""


class Product(NamedTuple):
    """A variable that is at least (``over``) or at most a whole number up to ``most`` times the makespan."""

    value: int
    whole: int
    most: float
    over: bool


class Verdict(msgspec.Struct, frozen=True):
    """What a solver says.

    Attributes:
        feasible: False where it proved that there is no point.
        point: the best one found, or None.
        bound: no point has a smaller objective.
        done: whether it came to an end, and was not limited.

    """

    feasible: bool
    point: Floats | None
    bound: float
    done: bool = True


class Sheet:
    """Variables and rows. All rows are ``low <= terms <= high``."""

    def __init__(self) -> None:
        self._low: list[float] = []
        self._high: list[float] = []
        self._cost: list[float] = []
        self._whole: list[bool] = []
        self._row_low: list[float] = []
        self._row_high: list[float] = []
        self._index: list[Ints] = []
        self._value: list[Floats] = []

        self._products: list[Product] = []

    def copy(self) -> Sheet:
        """The same sheet; what is added to one of them is not in the other one."""
        other = Sheet()
        for name, value in vars(self).items():
            setattr(other, name, value.copy())
        return other

    def product(self, value: int, whole: int, most: float, *, over: bool) -> None:
        """Say that ``value`` is at least (``over``) or at most ``whole`` (0 to ``most``) times the makespan."""
        self._products.append(Product(value, whole, most, over))

    def between(self, span: int, low: float, high: float) -> Sheet:
        """A copy in which the makespan, a variable, lies in an interval, and products have McCormick's rows for it."""
        sheet = self.copy()
        sheet._low[span], sheet._high[span] = low, min(sheet._high[span], high)
        for value, whole, most, over in self._products:
            near, far = (low, high) if over else (high, low)
            sign = 1.0 if over else -1.0
            sheet.at_least((value, sign), (whole, -sign * near))
            sheet.row(-sign * most * far, INFINITE, (value, sign), (whole, -sign * far), (span, -sign * most))
        return sheet

    def variables(
        self, count: int, high: float = INFINITE, *, low: float = 0.0, cost: float = 0.0, whole: bool = False
    ) -> Ints:
        """Add variables; their indices."""
        first = len(self._low)
        self._low += [low] * count
        self._high += [high] * count
        self._cost += [cost] * count
        self._whole += [whole] * count
        return np.arange(first, first + count, dtype=np.int64)

    def variable(self, high: float = INFINITE, *, low: float = 0.0, cost: float = 0.0, whole: bool = False) -> int:
        """Add a variable; its index."""
        return int(self.variables(1, high, low=low, cost=cost, whole=whole)[0])

    def aim(self, variable: int) -> None:
        """Make a variable part of the objective."""
        self._cost[variable] = 1.0

    def cap(self, variable: int, high: float) -> None:
        """Bound a variable from above."""
        self._high[variable] = min(self._high[variable], high)

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and variables there are."""
        return len(self._row_low), len(self._low)

    def row(self, low: float, high: float, *terms: Term) -> None:
        """Add a row; its terms must not name a variable twice."""
        index = [np.atleast_1d(np.asarray(where, dtype=np.int64)) for where, _ in terms]
        value = [
            np.broadcast_to(np.asarray(what, dtype=float), at.shape) for at, (_, what) in zip(index, terms, strict=True)
        ]
        where, what = np.concatenate(index), np.concatenate(value)
        filled = what != 0
        self._index.append(where[filled])
        self._value.append(what[filled])
        self._row_low.append(low)
        self._row_high.append(high)

    def at_least(self, *terms: Term) -> None:
        """Add a row of terms whose sum is at least 0."""
        self.row(0.0, INFINITE, *terms)

    def program(self) -> highspy.HighsLp:
        """The program as HiGHS takes it."""
        import highspy

        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self._low), len(self._row_low)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = (np.array(each) for each in (self._cost, self._low, self._high))
        lp.row_lower_, lp.row_upper_ = np.array(self._row_low), np.array(self._row_high)
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[whole] for whole in self._whole]
        matrix = lp.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kRowwise
        matrix.start_ = np.cumsum([0] + [len(row) for row in self._index]).astype(np.int32)
        matrix.index_ = np.concatenate(self._index).astype(np.int32)
        matrix.value_ = np.concatenate(self._value)
        return lp


def solve_sheet(
    sheet: Sheet,
    *,
    gap: float,
    seconds: float | None = None,
    may_go_on: Callable[[], bool] = lambda: True,
    nodes: int | None = None,
) -> Verdict:
    """Let HiGHS solve a program.

    Args:
        sheet: the program.
        gap: relative gap at which to stop.
        seconds: limit of time.
        may_go_on: asked now and then; False interrupts.
        nodes: limit of nodes.

    """
    import highspy

    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    options: dict[str, bool | int | float | str] = {
        "output_flag": False,
        "threads": 1,
        "mip_rel_gap": gap,
        "mip_abs_gap": 1e-10,
        "primal_feasibility_tolerance": 1e-9,
        "mip_feasibility_tolerance": 1e-9,
        **({"presolve": "off"} if sheet.shape[0] > LARGE else {}),
        **({} if seconds is None else {"time_limit": seconds}),
        **({} if nodes is None else {"mip_max_nodes": nodes}),
    }
    for name, value in options.items():
        highs.setOptionValue(name, value)
    highs.passModel(sheet.program())
    highs.cbMipInterrupt += lambda event: event.interrupt(not may_go_on())
    highs.cbSimplexInterrupt += lambda event: event.interrupt(not may_go_on())
    highs.run()
    return _verdict(highs)


def _verdict(highs: highspy.Highs) -> Verdict:
    import highspy

    status, info = highs.getModelStatus(), highs.getInfo()
    none = (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)
    if status in none:
        return Verdict(False, None, INFINITE)
    found = info.primal_solution_status == 2
    point = np.asarray(highs.getSolution().col_value) if found else None
    done = status == highspy.HighsModelStatus.kOptimal
    return Verdict(True, point, float(info.mip_dual_bound), done)
