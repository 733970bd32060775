"""One configuration of each model, so that all fit: a mixed-integer program, solved by HiGHS."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from murakkab_optimizer.planner.provision.pricing import Columns, Floats
from murakkab_optimizer.planner.provision.space import Limits

if TYPE_CHECKING:
    import highspy

GAP = 1e-4
"""Relative gap at which a program that is to prove something is left."""


class Choice(msgspec.Struct, frozen=True):
    """What the program says.

    Attributes:
        picks: by model, the index of its configuration.
        value: seconds of all the work or to the first frame.
        bound: no choice has a smaller value.

    """

    picks: tuple[int, ...]
    value: float
    bound: float


def choose(
    columns: Sequence[Columns], room: Floats, limits: Limits, video_s: float, *, frame: bool, gap: float = GAP
) -> Choice | None:
    """Choose one of the columns of each model.

    Args:
        columns: of each model.
        room: devices of each type.
        limits: on the sums of the first chunks and of all the work.
        video_s: seconds that the show lasts.
        frame: whether the first frame shall come early; else all the work shall be short.
        gap: relative gap at which to stop.

    Returns:
        The best choice found, or None where there is none.

    """
    import highspy

    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    # presolve finds nothing, for dominated columns are gone, and takes half the time
    options = {"threads": 1, "presolve": "off", "mip_rel_gap": gap, "output_flag": False}
    for name, value in options.items():
        highs.setOptionValue(name, value)  # type: ignore[arg-type]
    highs.passModel(_program(columns, room, limits, video_s, frame=frame))
    highs.run()
    info = highs.getInfo()
    if highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return None
    if info.primal_solution_status != 2:  # no feasible point was found
        return Choice((), float("inf"), float(info.mip_dual_bound))
    chosen = np.asarray(highs.getSolution().col_value)
    starts = np.cumsum([0] + [len(c) for c in columns])
    picks = tuple(int(chosen[a:b].argmax()) for a, b in itertools.pairwise(starts))
    return Choice(picks, float(info.objective_function_value), float(info.mip_dual_bound))


def _program(
    columns: Sequence[Columns], room: Floats, limits: Limits, video_s: float, *, frame: bool
) -> highspy.HighsLp:
    """Rows: one column a model; devices of each type; first chunks; all the work; and two that lift the last variable.

    The last variable is the time to the first frame, at least the sum of the first chunks, and at least all the work
    less the show.
    """
    import highspy

    first, seconds = (np.concatenate([getattr(c, name) for c in columns]) for name in ("first", "seconds"))
    devices = np.concatenate([c.devices for c in columns])
    of = np.repeat(np.arange(len(columns)), [len(c) for c in columns])
    rows = np.column_stack([np.eye(len(columns))[of], devices, first, seconds, first, seconds])
    lift = np.zeros(rows.shape[1])
    lift[-2:] = -1.0
    table = np.vstack([rows, lift])
    infinite = highspy.kHighsInf
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = table.shape
    program.col_cost_ = np.append(np.zeros(len(first)) if frame else seconds, 1.0 if frame else 0.0)
    program.col_lower_ = np.append(np.zeros(len(first)), -infinite)
    program.col_upper_ = np.append(np.ones(len(first)), infinite)
    ones = np.ones(len(columns))
    program.row_lower_ = np.concatenate([ones, np.full(table.shape[1] - len(columns), -infinite)])
    tops = [min(limits.first, infinite), min(limits.total, infinite), 0.0, video_s]
    program.row_upper_ = np.concatenate([ones, room, tops])
    program.integrality_ = [highspy.HighsVarType.kInteger] * len(first) + [highspy.HighsVarType.kContinuous]
    _fill(program.a_matrix_, table)
    return program


def _fill(matrix: highspy.HighsSparseMatrix, table: Floats) -> None:
    """Write the columns of a program; ``table`` has one row for each."""
    import highspy

    filled = table != 0
    matrix.format_ = highspy.MatrixFormat.kColwise
    matrix.start_ = np.append(0, np.cumsum(filled.sum(axis=1))).astype(np.int32)
    matrix.index_ = np.nonzero(filled)[1].astype(np.int32)
    matrix.value_ = table[filled]
