"""Linear programs that are solved again and again: from the last basis, with some columns fixed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from murakkab_optimizer.planner.assign.columns import Floats, Ints
from murakkab_optimizer.planner.assign.sheet import INFINITE, Sheet, Verdict


class Linear:
    """The linear relaxation of a program, kept by HiGHS between changes.

    Args:
        sheet: the program.
        basis: that of a program with the same rows and variables to begin with.
        may_go_on: asked now and then; False interrupts.

    """

    def __init__(
        self,
        sheet: Sheet,
        basis: Any = None,  # noqa: ANN401 - highspy has no types
        may_go_on: Callable[[], bool] = lambda: True,
    ) -> None:
        import highspy

        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        options = {"output_flag": False, "threads": 1, "solve_relaxation": True, "primal_feasibility_tolerance": 1e-9}
        for name, value in options.items():
            self._highs.setOptionValue(name, value)
        self._highs.passModel(sheet.program())
        if basis is not None:
            self._highs.setBasis(basis)
        self._highs.cbSimplexInterrupt += lambda event: event.interrupt(not may_go_on())
        self._optimal = highspy.HighsModelStatus.kOptimal
        self._none = (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)

    def solve(self) -> Verdict:
        """Solve it; a bound is given only where the optimum was reached."""
        self._highs.run()
        status = self._highs.getModelStatus()
        if status in self._none:
            return Verdict(False, None, INFINITE)
        if status != self._optimal:
            return Verdict(True, None, -INFINITE)
        point = np.asarray(self._highs.getSolution().col_value)
        return Verdict(True, point, float(self._highs.getInfo().objective_function_value))

    def bound(self, variables: Ints, low: Floats | float, high: Floats | float) -> None:
        """Bound variables."""
        lows, highs = (np.broadcast_to(np.asarray(each, dtype=float), variables.shape).copy() for each in (low, high))
        self._highs.changeColsBounds(len(variables), variables.astype(np.int32), lows, highs)

    @property
    def reduced(self) -> Floats:
        """Reduced costs."""
        return np.asarray(self._highs.getSolution().col_dual)

    @property
    def basis(self) -> Any:  # noqa: ANN401 - highspy has no types
        """The basis of the last solution."""
        return self._highs.getBasis()
