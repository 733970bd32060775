"""A mixed-integer program that is written row by row and solved by HiGHS."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import highspy

Terms = Mapping[int, float]
INFINITE = float("inf")


class Answer(msgspec.Struct, frozen=True):
    """Values of the columns, and the proven relative gap."""

    values: list[float]
    objective: float
    gap: float


class Program:
    """Columns (cost, bounds, whole or not) and rows (bounds of a weighted sum of columns)."""

    def __init__(self) -> None:
        self.cost: list[float] = []
        self.upper: list[float] = []
        self.whole: list[bool] = []
        self.rows: list[tuple[dict[int, float], float, float]] = []

    def column(self, cost: float = 0.0, upper: float = INFINITE, *, whole: bool = False) -> int:
        """Add a column that is not negative and return its number."""
        self.cost.append(cost)
        self.upper.append(upper)
        self.whole.append(whole)
        return len(self.cost) - 1

    def row(self, terms: Terms, low: float = -INFINITE, high: float = INFINITE) -> None:
        """Add ``low <= sum of terms <= high``."""
        self.rows.append(({column: factor for column, factor in terms.items() if factor}, low, high))

    def solve(self, gap: float = 1e-6, seconds: float = 20.0) -> Answer | None:
        """The least cost; None where no values fit the rows.

        Args:
            gap: relative, at which the search ends.
            seconds: of search at most.

        """
        import highspy

        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in (("output_flag", False), ("mip_rel_gap", gap), ("time_limit", seconds), ("threads", 1)):
            solver.setOptionValue(name, value)
        solver.passModel(self._model())
        solver.run()
        info = solver.getInfo()
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None
        left = info.mip_gap if any(self.whole) and math.isfinite(info.mip_gap) else 0.0
        return Answer(list(solver.getSolution().col_value), info.objective_function_value, left)

    def solve_then(self, second: Terms) -> Answer | None:
        """The least of a second cost among the solutions with the least cost; the gap is that of the first."""
        first = self.solve()
        if first is None:
            return None
        room = first.objective + 1e-6 * abs(first.objective) + 1e-9
        self.row(dict(enumerate(self.cost)), high=room)
        self.cost = [second.get(column, 0.0) for column in range(len(self.cost))]
        found = self.solve()
        return first if found is None else Answer(found.values, first.objective, first.gap)

    def _model(self) -> highspy.HighsLp:
        import highspy
        import numpy as np

        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.cost), len(self.rows)
        model.col_cost_ = np.array(self.cost)
        model.col_lower_, model.col_upper_ = np.zeros(len(self.cost)), np.minimum(self.upper, highspy.kHighsInf)
        model.row_lower_ = np.maximum([low for _, low, _ in self.rows], -highspy.kHighsInf)
        model.row_upper_ = np.minimum([high for _, _, high in self.rows], highspy.kHighsInf)
        kinds = highspy.HighsVarType
        model.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in self.whole]
        matrix = model.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kRowwise
        matrix.start_ = np.cumsum([0, *(len(terms) for terms, _, _ in self.rows)]).astype(np.int32)
        matrix.index_ = np.array([column for terms, _, _ in self.rows for column in terms], dtype=np.int32)
        matrix.value_ = np.array([factor for terms, _, _ in self.rows for factor in terms.values()], dtype=np.float64)
        return model
