"""Longest paths to each step and from it on, so that a change of one step is known without walking them again.

A path that leaves a step out ends before it, begins behind it, or has an edge that passes it in the order of the steps.
What leads to the near end of such an edge and what follows its far end do not depend on the step: the longest path with
each column of the step is exact.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from murakkab_optimizer.planner.assign.columns import Field, Floats
from murakkab_optimizer.planner.assign.nouns import INFINITE, Problem
from murakkab_optimizer.planner.assign.pace import feeding

Times = tuple[float, float, float]
"""Of a chosen column: seconds it is busy, of a task, and to the first item."""


class Tails(NamedTuple):
    """The longest way from the first item, the end and the begin of each step to a goal, and the whole of it.

    ``others`` has, for each step, the longest way to the goal that leaves the step out.
    """

    first: list[float]
    end: list[float]
    begin: list[float]
    others: list[float]


class Graph:
    """Who needs whom, by index, and the edges that pass each step.

    Args:
        problem: the steps.
        items: only what reaches the screen item by item.

    """

    def __init__(self, problem: Problem, *, items: bool = False) -> None:
        at, fed = {step.name: index for index, step in enumerate(problem.steps)}, feeding(problem)
        self.needs = [
            [(at[need.step], need.whole) for need in step.needs if not items or (step.name in fed and not need.whole)]
            for step in problem.steps
        ]
        self.passing: list[list[tuple[int, int, bool]]] = [[] for _ in problem.steps]
        for index, needs in enumerate(self.needs):
            for before, whole in needs:
                for between in range(before + 1, index):
                    self.passing[between].append((before, index, whole))
        self.shown = at.get(problem.shown, -1)


class Paths:
    """Times of chosen columns.

    Args:
        graph: the steps.
        rows: times of the chosen column of each step.
        video_s: seconds that a show that must not wait lasts; infinite where it may wait.

    """

    def __init__(self, graph: Graph, rows: list[Times], video_s: float = INFINITE) -> None:
        self.graph, self.rows = graph, rows
        self._heads()
        count = len(rows)
        self.all = self._tails([-INFINITE] * count, [0.0] * count)
        self.show = self._shown(-video_s) if graph.shown >= 0 else None

    def _shown(self, wait: float) -> Tails:
        first, end = [-INFINITE] * len(self.rows), [-INFINITE] * len(self.rows)
        first[self.graph.shown], end[self.graph.shown] = 0.0, wait
        return self._tails(first, end)

    def _heads(self) -> None:
        self.begin: list[float] = []
        self.before: list[float] = []
        self.first: list[float] = []
        self.end: list[float] = []
        for needs, (busy, task, first) in zip(self.graph.needs, self.rows, strict=True):
            begin, before = 0.0, -INFINITE
            for index, whole in needs:
                before = max(before, self.end[index])
                begin = max(begin, self.end[index] if whole else self.first[index])
            self.begin.append(begin)
            self.before.append(before)
            self.first.append(begin + first)
            self.end.append(max(begin + busy, before + task))

    def _tails(self, first: list[float], end: list[float]) -> Tails:
        goals = list(zip(first, end, strict=True))
        begin = [0.0] * len(first)
        for index in range(len(first) - 1, -1, -1):
            busy, task, head = self.rows[index]
            begin[index] = max(first[index] + head, end[index] + busy)
            last = end[index] + task
            for at, whole in self.graph.needs[index]:
                if whole:
                    end[at] = max(end[at], last, begin[index])
                else:
                    end[at] = max(end[at], last)
                    first[at] = max(first[at], begin[index])
        return Tails(first, end, begin, self._others(goals, begin, end))

    def _others(self, goals: list[tuple[float, float]], begin: list[float], end: list[float]) -> list[float]:
        behind, later = [0.0] * len(begin), 0.0
        for index in range(len(begin) - 1, -1, -1):
            behind[index] = later
            if not self.graph.needs[index]:
                later = max(later, begin[index])
        others, sooner = [], 0.0
        for index, (first, last) in enumerate(goals):
            most = max(sooner, behind[index])
            for before, after, whole in self.graph.passing[index]:
                most = max(
                    most,
                    (self.end if whole else self.first)[before] + begin[after],
                    self.end[before] + self.rows[after][1] + end[after],
                )
            others.append(most)
            sooner = max(sooner, self.first[index] + first, self.end[index] + last)
        return others

    def latency(self, index: int, table: Floats) -> Floats:
        """The makespan with each of the columns of a step."""
        return self._reach(self.all, index, table)

    def ttff(self, index: int, table: Floats) -> Floats:
        """Seconds until the show starts with each of the columns of a step."""
        return self._reach(self.show, index, table) if self.show else np.zeros(len(table))

    def _reach(self, tails: Tails, index: int, table: Floats) -> Floats:
        firsts = self.begin[index] + table[:, Field.FIRST]
        ends = np.maximum(self.begin[index] + table[:, Field.BUSY], self.before[index] + table[:, Field.TASK])
        through = np.maximum(firsts + tails.first[index], ends + tails.end[index])
        return np.maximum(through, tails.others[index])
