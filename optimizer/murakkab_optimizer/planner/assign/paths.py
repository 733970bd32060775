"""Longest paths to each step and from it on, so that a change of one step is known without walking them again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from murakkab_optimizer.planner.assign.columns import Field, Floats
from murakkab_optimizer.planner.assign.nouns import INFINITE, Problem


class Paths:
    """Times of an assignment.

    Args:
        problem: whose steps they are.
        rows: what the chosen column of each step takes.

    """

    def __init__(self, problem: Problem, rows: Sequence[Floats]) -> None:
        self.problem = problem
        self.at = {step.name: index for index, step in enumerate(problem.steps)}
        self.rows = [row[: Field.FIRST + 1].tolist() for row in rows]
        self._heads()
        core_s = sum(float(row[Field.CORE_S]) for row in rows)
        self.cores = core_s / problem.cluster.cores if problem.cluster.cores else 0.0

    def _heads(self) -> None:
        self.begin: list[float] = []
        self.before: list[float] = []
        self.first: list[float] = []
        self.end: list[float] = []
        for step, (busy, task, first) in zip(self.problem.steps, self.rows, strict=True):
            given = [(self.at[need.step], need.whole) for need in step.needs]
            self.begin.append(max((self.end[i] if whole else self.first[i] for i, whole in given), default=0.0))
            self.before.append(max((self.end[i] for i, _ in given), default=-INFINITE))
            self.first.append(self.begin[-1] + first)
            self.end.append(max(self.begin[-1] + busy, self.before[-1] + task))

    def tails(self, goal: dict[int, tuple[float, float]]) -> tuple[list[float], list[float]]:
        """The longest way from the first item and from the end of each step to a goal.

        Args:
            goal: by step, what is to be added to its first item and to its end (minus infinite: nothing leads there).

        """
        count = len(self.rows)
        first, end = [-INFINITE] * count, [-INFINITE] * count
        for index, (own_first, own_end) in goal.items():
            first[index], end[index] = own_first, own_end
        for index in range(count - 1, -1, -1):
            busy, task, head = self.rows[index]
            begin = max(first[index] + head, end[index] + busy)
            for need in self.problem.steps[index].needs:
                at = self.at[need.step]
                end[at] = max(end[at], end[index] + task, begin if need.whole else -INFINITE)
                first[at] = max(first[at], -INFINITE if need.whole else begin)
        return first, end

    def with_columns(self, index: int, table: Floats) -> tuple[Floats, Floats]:
        """About the makespan, and the time until the show starts, with each of the columns of one step."""
        problem = self.problem
        latency = self._reach(index, table, dict.fromkeys(range(len(self.rows)), (-INFINITE, 0.0)))
        latency = np.maximum(latency, self.cores)
        if not problem.shown:
            return latency, np.zeros(len(table))
        wait = -problem.video_s if problem.limits.realtime else -INFINITE
        return latency, np.maximum(self._reach(index, table, {self.at[problem.shown]: (0.0, wait)}), 0.0)

    def _reach(self, index: int, table: Floats, goal: dict[int, tuple[float, float]]) -> Floats:
        """When a goal is reached with each of the columns; where the step is not on the longest path, no sooner."""
        first, end = self.tails(goal)
        now = max(self.first[at] + first[at] for at in goal), max(self.end[at] + end[at] for at in goal)
        firsts = self.begin[index] + table[:, Field.FIRST]
        ends = np.maximum(self.begin[index] + table[:, Field.BUSY], self.before[index] + table[:, Field.TASK])
        through = np.maximum(firsts + first[index], ends + end[index])
        own = max(self.first[index] + first[index], self.end[index] + end[index])
        others = max(now) if own < max(now) * (1 - 1e-12) else 0.0
        return np.maximum(through, others)
