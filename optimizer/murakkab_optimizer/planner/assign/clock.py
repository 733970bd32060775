"""The rows of time: the longest path of first items and of steady states, and the makespan."""

from __future__ import annotations

import msgspec

from murakkab_optimizer.planner.assign.asking import Ask
from murakkab_optimizer.planner.assign.columns import Field, Ints, Space
from murakkab_optimizer.planner.assign.nouns import INFINITE, SLACK, Step
from murakkab_optimizer.planner.assign.pace import feeding
from murakkab_optimizer.planner.assign.sheet import Sheet, Term


class Clock(msgspec.Struct, frozen=True):
    """Variables of time, in units.

    Attributes:
        unit: seconds.
        span: the makespan.
        values: variables of ``latency``, ``ttff`` and ``wait``.

    """

    unit: float
    span: int
    values: dict[str, int]


class _Times:
    """Begins and ends of steps, and terms of what they take."""

    def __init__(self, sheet: Sheet, ask: Ask, space: Space, choice: tuple[Ints, ...], unit: float) -> None:
        self.sheet, self.ask, self.space, self.choice, self.unit = sheet, ask, space, choice, unit
        steps = ask.problem.steps
        self.at = {step.name: index for index, step in enumerate(steps)}
        self.begins = [sheet.variable(INFINITE if step.needs else 0.0) for step in steps]
        self.ends = sheet.variables(len(steps))

    def take(self, index: int, field: Field, sign: float) -> Term:
        """Seconds of a step, in units."""
        return self.choice[index], self.space.columns[index].table[:, field] * (sign / self.unit)

    def behind(self, index: int, field: Field) -> Term:
        """Seconds of a step from its first item on, in units, negative."""
        table = self.space.columns[index].table
        return self.choice[index], (table[:, Field.FIRST] - table[:, field]) / self.unit

    def first(self, name: str, sign: float) -> list[Term]:
        """When the first item of a step is there."""
        index = self.at[name]
        return [(self.begins[index], sign), self.take(index, Field.FIRST, sign)]

    def given(self, step: str, *, whole: bool, sign: float) -> list[Term]:
        """When a step has what another one needs of it."""
        return [(int(self.ends[self.at[step]]), sign)] if whole else self.first(step, sign)

    def busy(self, index: int, sign: float) -> list[Term]:
        """When a step is done, had it all its input."""
        return [(self.begins[index], sign), self.take(index, Field.BUSY, sign)]

    def last(self, index: int, need: str, sign: float) -> list[Term]:
        """When a step has done the last item of another one."""
        return [(int(self.ends[self.at[need]]), sign), self.take(index, Field.TASK, sign)]


def keep_time(sheet: Sheet, ask: Ask, space: Space, choice: tuple[Ints, ...], unit: float) -> Clock:
    """Add the rows of time, in units of ``unit`` seconds."""
    times = _Times(sheet, ask, space, choice, unit)
    for index, step in enumerate(ask.problem.steps):
        _after(times, index, step)
    clock = Clock(unit, sheet.variable(), {})
    needed = {need.step for step in ask.problem.steps for need in step.needs}
    for step in ask.problem.steps:
        if step.name not in needed:
            sheet.at_least((clock.span, 1.0), (int(times.ends[times.at[step.name]]), -1.0))
    cores = [(own, columns.table[:, Field.CORE_S]) for own, columns in zip(choice, space.columns, strict=True)]
    if ask.problem.cluster.cores:
        scale = 1 / (unit * ask.problem.cluster.cores)
        sheet.at_least((clock.span, 1.0), *[(own, -taken * scale) for own, taken in cores])
    clock.values["latency"] = clock.span
    _show(times, clock)
    return clock


def _after(times: _Times, index: int, step: Step) -> None:
    own, end = times.begins[index], int(times.ends[index])
    times.sheet.at_least((end, 1.0), *times.busy(index, -1.0))
    for need in step.needs:
        times.sheet.at_least((own, 1.0), *times.given(need.step, whole=need.whole, sign=-1.0))
        times.sheet.at_least((end, 1.0), *times.last(index, need.step, -1.0))


def _show(times: _Times, clock: Clock) -> None:
    """When the show can start."""
    ask, sheet = times.ask, times.sheet
    shown, video = ask.problem.shown, ask.problem.video_s / times.unit
    ttff, wait = sheet.variable(), sheet.variable()
    clock.values.update(ttff=ttff, wait=wait)
    if not shown:
        return
    end = int(times.ends[times.at[shown]])
    for variable, waits in ((ttff, ask.problem.limits.realtime), (wait, True)):
        sheet.at_least((variable, 1.0), *times.first(shown, -1.0))
        if waits:
            sheet.row(-video, INFINITE, (variable, 1.0), (end, -1.0))
    if ask.strict:
        sheet.cap(_spread(times), video + SLACK / times.unit)


def _spread(times: _Times) -> int:
    """A variable of at least the spread of the shown step."""
    names, spreads = feeding(times.ask.problem), {}
    for index, step in enumerate(times.ask.problem.steps):
        if step.name not in names:
            continue
        own = spreads[step.name] = times.sheet.variable()
        times.sheet.at_least((own, 1.0), times.behind(index, Field.BUSY))
        for need in step.needs:
            if not need.whole:
                times.sheet.at_least((own, 1.0), (spreads[need.step], -1.0), times.behind(index, Field.TASK))
    return spreads[times.ask.problem.shown]


def least_span(space: Space, ask: Ask) -> float:
    """No assignment has a smaller makespan, in seconds: the longest path of the quickest columns."""
    first: dict[str, float] = {}
    end: dict[str, float] = {}
    for step, columns in zip(ask.problem.steps, space.columns, strict=True):
        least = columns.table.min(axis=0)
        begin = max(((end if need.whole else first)[need.step] for need in step.needs), default=0.0)
        first[step.name] = begin + least[Field.FIRST]
        last = max((end[need.step] + least[Field.TASK] for need in step.needs), default=0.0)
        end[step.name] = max(begin + least[Field.BUSY], last)
    return max(end.values(), default=0.0)


def most_span(space: Space) -> float:
    """No assignment of these columns needs more seconds."""
    fields = [Field.BUSY, Field.TASK, Field.WORK]
    return float(sum(columns.table[:, fields].max(axis=0).sum() for columns in space.columns))
