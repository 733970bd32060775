"""The program of one interval of the makespan: one column for each step, its times, pools, devices and money.

Rent, idle power and what a shared pool gets done are products of the makespan and a whole number. In an interval
``low <= makespan <= high`` each is bounded by its McCormick inequalities: the program is a relaxation, and it is exact
at both ends of the interval.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np

from murakkab_optimizer.hardware import Offer
from murakkab_optimizer.planner.assign.asking import Ask, limit_of, matters, promises
from murakkab_optimizer.planner.assign.clock import Clock, keep_time
from murakkab_optimizer.planner.assign.columns import ALONE, Columns, Field, Floats, Ints, Space
from murakkab_optimizer.planner.assign.evaluate import SECONDS_PER_HOUR, idle_watts
from murakkab_optimizer.planner.assign.nouns import INFINITE, SLACK, Assignment, Objective, Use
from murakkab_optimizer.planner.assign.sharing import Sharing, share
from murakkab_optimizer.planner.assign.sheet import Sheet, Term

Key = tuple[tuple[int, ...], tuple[int, ...]]
"""A point: the column of each step, and the number of instances of each shared pool."""


class Units(msgspec.Struct, frozen=True):
    """What values are divided by, so that numbers in a program are about 1."""

    time: float = 1.0
    cost: float = 1.0
    energy: float = 1.0

    def of(self, aim: str) -> float:
        """The unit of an objective."""
        return {"cost": self.cost, "energy": self.energy, "quality": 1.0, "shortfall": 1.0}.get(aim, self.time)


class Program(msgspec.Struct, frozen=True):
    """A program as it was built.

    Attributes:
        sheet: variables and rows.
        choice: variables of the columns of each step.
        sharing: what steps share.
        value: the variable that is to be small, in units.
        span: the makespan, in units; -1 where time does not matter.
        unit: seconds of time.

    """

    sheet: Sheet
    choice: tuple[Ints, ...]
    sharing: Sharing
    value: int
    span: int
    unit: float

    def between(self, low: float, high: float) -> Program:
        """The program for makespans in an interval, in seconds."""
        if self.span < 0:
            return msgspec.structs.replace(self, sheet=self.sheet.copy())
        sheet = self.sheet.between(self.span, low / self.unit, high / self.unit)
        return msgspec.structs.replace(self, sheet=sheet)


def build(ask: Ask, space: Space, units: Units, cuts: list[Key], *, exact: bool = True) -> Program:
    """Put the program together, for any makespan.

    Args:
        ask: what is asked.
        space: columns and pools.
        units: see ``Units``.
        cuts: points that are known not to keep the limits.
        exact: False: a smaller program, a relaxation, is enough.

    """
    sheet = Sheet()
    choice = tuple(sheet.variables(len(columns), 1.0, whole=True) for columns in space.columns)
    for own in choice:
        sheet.row(1.0, 1.0, (own, 1.0))
    _tie(sheet, ask, space, choice)
    clock = keep_time(sheet, ask, space, choice, units.time) if matters(ask).time else None
    sharing = share(sheet, ask, space, choice, clock, exact=exact)
    rents = _devices(sheet, ask, space, choice, sharing, clock)
    _machines(sheet, ask, space, choice, sharing)
    values = _values(sheet, ask, space, choice, sharing, clock, rents, units)
    _promise(sheet, ask, values, units)
    for cut in cuts:
        _leave_out(sheet, choice, sharing, cut)
    value = _shortfall(sheet, ask, values, units) if ask.aim == "shortfall" else values[ask.aim]
    sheet.aim(value)
    return Program(sheet, choice, sharing, value, clock.span if clock else -1, units.time)


def total(choice: tuple[Ints, ...], space: Space, field: int, scale: float = 1.0) -> list[Term]:
    """What all chosen columns take of something."""
    return [(own, columns.table[:, field] * scale) for own, columns in zip(choice, space.columns, strict=True)]


def _tie(sheet: Sheet, ask: Ask, space: Space, choice: tuple[Ints, ...]) -> None:
    at = {step.name: index for index, step in enumerate(ask.problem.steps)}
    for tie in ask.problem.ties:
        when = np.isin(space.columns[at[tie.step]].candidate, list(tie.when))
        then = np.isin(space.columns[at[tie.other]].candidate, list(tie.then))
        if tie.step == tie.other:
            sheet.row(0.0, 0.0, (choice[at[tie.step]][when & ~then], 1.0))
        elif when.any():
            sheet.at_least((choice[at[tie.other]][then], 1.0), (choice[at[tie.step]][when], -1.0))


def _devices(
    sheet: Sheet, ask: Ask, space: Space, choice: tuple[Ints, ...], sharing: Sharing, clock: Clock | None
) -> dict[int, int]:
    """Devices that are used of each offer; where they are held, by offer its rented devices times the makespan."""
    rents = {}
    money = matters(ask).dollars or matters(ask).joules
    for index, offer in enumerate(ask.problem.cluster.offers):
        if offer.device.kind == "cpu":
            continue
        used = total(choice, space, len(Field) + index) + sharing.devices(index)
        sheet.row(-INFINITE, offer.count, *used)
        if clock and money and ask.problem.cluster.billing == "held" and offer.count:
            rents[index] = _rent(sheet, offer, used)
    return rents


def _rent(sheet: Sheet, offer: Offer, used: list[Term]) -> int:
    """A variable of at least whole servers times the makespan."""
    size = offer.device.server_size
    servers = sheet.variable(offer.servers, whole=True)
    sheet.at_least((servers, size), *[(where, -np.asarray(what)) for where, what in used])
    held = sheet.variable()
    sheet.product(held, servers, offer.servers, over=True)
    return held


def _machines(sheet: Sheet, ask: Ask, space: Space, choice: tuple[Ints, ...], sharing: Sharing) -> None:
    """Memory, and cores for real time."""
    cluster, problem = ask.problem.cluster, ask.problem
    if cluster.memory_mb:
        alone = [
            (own[columns.pool == ALONE], columns.table[columns.pool == ALONE, Field.MEMORY] / cluster.memory_mb)
            for own, columns in zip(choice, space.columns, strict=True)
        ]
        shared = sharing.memory(1.0 / cluster.memory_mb)
        sheet.row(-INFINITE, 1.0 + SLACK / cluster.memory_mb, *alone, *shared)
    room = cluster.cores * (1 - problem.reserve) + SLACK
    if problem.limits.realtime and problem.video_s:
        sheet.row(-INFINITE, room, *total(choice, space, Field.CORE_S, 1 / problem.video_s))


def _values(
    sheet: Sheet,
    ask: Ask,
    space: Space,
    choice: tuple[Ints, ...],
    sharing: Sharing,
    clock: Clock | None,
    rents: dict[int, int],
    units: Units,
) -> dict[str, int]:
    """Variables of what is limited or to be small, in units; of quality the logarithm of what is lost."""
    offers, need = ask.problem.cluster.offers, matters(ask)
    values = dict(clock.values) if clock else {}
    if need.loss:
        values["quality"] = _sum(sheet, total(choice, space, Field.LOSS))
    hour = (clock.unit if clock else 1.0) / SECONDS_PER_HOUR
    if need.dollars:
        scale = 1 / SECONDS_PER_HOUR / units.cost
        rent = [(held, offers[i].device.server_size * offers[i].price * hour / units.cost) for i, held in rents.items()]
        terms = total(choice, space, Field.DOLLARS, scale)
        values["cost"] = _sum(sheet, [*terms, *sharing.loads(scale), *rent])
    if need.joules:
        idle = [
            (held, offers[i].device.server_size * idle_watts(offers[i]) * hour / units.energy)
            for i, held in rents.items()
        ]
        terms = total(choice, space, Field.JOULES, 1 / SECONDS_PER_HOUR / units.energy)
        values["energy"] = _sum(sheet, [*terms, *idle])
    return values


def _sum(sheet: Sheet, terms: list[Term]) -> int:
    value = sheet.variable()
    sheet.at_least((value, 1.0), *[(where, -np.asarray(what)) for where, what in terms])
    return value


def most(name: Objective, limit: float, units: Units) -> float:
    """The most that the variable of an objective may be under a limit (of quality: the least quality)."""
    limit = limit - SLACK * max(1.0, abs(limit)) if name == "quality" else limit + SLACK * max(1.0, abs(limit))
    if name == "quality":
        return -math.log(limit) if limit > 0 else INFINITE
    return limit / units.of(name)


def _promise(sheet: Sheet, ask: Ask, values: dict[str, int], units: Units) -> None:
    for name, limit in promises(ask.problem.limits):
        if name in values:
            sheet.cap(values[name], most(name, limit, units))
    for name, value in ask.caps.items():
        sheet.cap(values[name], most(name, 1.0 - value if name == "quality" else value, units))


def _shortfall(sheet: Sheet, ask: Ask, values: dict[str, int], units: Units) -> int:
    """The sum by which promises are missed."""
    missed: list[Term] = []
    for name, _ in promises(ask.wanted):
        limit = limit_of(ask.wanted, name)
        over, scale = sheet.variable(), (limit or 1.0) / units.of(name)
        if name == "quality":
            sheet.row(math.log(limit), INFINITE, (over, 1.0), (values[name], -1.0))
        else:
            sheet.row(-limit / units.of(name), INFINITE, (over, scale), (values[name], -1.0))
        missed.append((over, 1.0))
    return _sum(sheet, missed)


def _leave_out(sheet: Sheet, choice: tuple[Ints, ...], sharing: Sharing, cut: Key) -> None:
    """Leave out one point: a step must be done otherwise, or a shared pool must have more or fewer instances."""
    picks, counts = cut
    chosen = np.array([own[pick] for own, pick in zip(choice, picks, strict=True)])
    sheet.row(1.0 - len(chosen), INFINITE, (chosen, -1.0), *sharing.others(sheet, counts))


def key_of(program: Program, point: Floats) -> Key:
    """The columns and numbers of instances of a point."""
    picks = tuple(int(point[own].argmax()) for own in program.choice)
    return picks, program.sharing.counts_of(point)


def assignment_of(space: Space, key: Key) -> Assignment:
    """The assignment of a point: of each shared pool, the step that can use most instances uses all of them."""
    picks, counts = key
    chosen = list(zip(space.columns, picks, strict=True))
    uses = [int(columns.table[pick, Field.INSTANCES]) for columns, pick in chosen]
    for pool, count in enumerate(counts):
        users = [at for at, (columns, pick) in enumerate(chosen) if columns.pool[pick] == pool]
        if users and not space.pools[pool].cpu:
            at = max(users, key=lambda user: _most(*chosen[user]))
            uses[at] = max(uses[at], min(count, _most(*chosen[at])))
    return tuple(Use(int(columns.candidate[pick]), use) for (columns, pick), use in zip(chosen, uses, strict=True))


def _most(columns: Columns, pick: int) -> int:
    return int(columns.most[pick])
