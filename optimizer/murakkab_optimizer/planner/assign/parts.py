"""Intervals of the makespan, and what a search knows before it begins."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np

from murakkab_optimizer.planner.assign.asking import Ask, answer, matters, promises
from murakkab_optimizer.planner.assign.columns import Field, Space
from murakkab_optimizer.planner.assign.nouns import Assignment, Use
from murakkab_optimizer.planner.assign.program import Units

FIRST = 1.5
"""Ratio of the ends of the intervals that are looked at first."""


class Part(NamedTuple):
    """An interval of the makespan.

    Attributes:
        bound: no assignment in it has a smaller value.
        low: least makespan.
        high: greatest makespan.
        tries: times that a program with whole numbers was given up; -1 where there was none yet.

    """

    bound: float
    low: float
    high: float
    tries: int = -1


def first_parts(low: float, high: float) -> list[Part]:
    """Wide intervals, that of the greatest makespans first: there is room for a plan."""
    if high <= low * FIRST or low <= 0:
        return [Part(0.0, low, high)]
    count = math.ceil(math.log(high / low) / math.log(FIRST))
    ends = np.geomspace(low, high, count + 1).tolist()
    ends[0], ends[-1] = low, high
    return [Part(0.0, *pair) for pair in reversed([*itertools.pairwise(ends)])]


def middle(low: float, high: float, span: float) -> float:
    """Where to cut an interval: at the makespan of its answer, unless that is near an end."""
    edge = 0.05 * (high - low)
    if low + edge < span < high - edge:
        return span
    return math.sqrt(low * high) if low > high / 1e6 else (low + high) / 2


def has_products(ask: Ask, space: Space) -> bool:
    """Whether something that counts is multiplied by the makespan.

    What a shared pool gets done within a makespan that is only limited is linear: the limit is a number.
    """
    need, cluster = matters(ask), ask.problem.cluster
    gpus = any(offer.device.kind == "gpu" and offer.count for offer in cluster.offers)
    rent = cluster.billing == "held" and gpus and (need.dollars or need.joules)
    done = any(not shared.cpu for shared in space.pools)
    timed = ask.aim == "latency" or any(name == "latency" for name, _ in promises(ask.wanted))
    return need.time and (rent or (done and timed))


def anything(space: Space) -> Assignment:
    """The assignment of the quickest columns."""
    picks = [int(columns.table[:, Field.BUSY].argmin()) for columns in space.columns]
    return tuple(
        Use(int(columns.candidate[pick]), int(columns.table[pick, Field.INSTANCES]))
        for columns, pick in zip(space.columns, picks, strict=True)
    )


def units_of(ask: Ask, assignment: Assignment) -> Units:
    """Units in which the values of an assignment are 1."""
    outcome = answer(ask, assignment).outcome
    return Units(outcome.latency_s or 1.0, outcome.cost_usd or 1.0, outcome.energy_wh or 1.0)
