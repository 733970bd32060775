"""A front of plans on a terminal: a table, and a small plot with the numbers of the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from murakkab.cli.plan_print import console, show
from murakkab.cli.plan_words import NAMES, TIME_OVER, amount, figure, groups, rented, settings, share
from murakkab.engine.errors import UserError
from murakkab_optimizer.plan import NodePlan, Plan

COLUMNS, ROWS = 64, 14
"""Cells of the plot."""

UNITS = {"ttff": "s", "latency": "s", "cost": "US$", "energy": "Wh", "quality": ""}


class Point(msgspec.Struct, frozen=True):
    """One plan of a front: its number, where it lies, and what is special about it."""

    number: int
    x: float
    y: float
    label: str
    plan: Plan


Axis = Literal["quality", "latency", "ttff", "cost", "energy"]


def axes(text: str) -> tuple[Axis, Axis]:
    """Read two objectives, written ``cost,ttff``.

    Raises:
        UserError: they are not two different ones.
    """
    names = [name.strip() for name in text.split(",")]
    if len(names) != 2 or names[0] == names[1] or not set(names) <= set(UNITS):
        raise UserError(
            f"--pareto {text}: expected two objectives", f"Write two of {', '.join(UNITS)}, for example cost,ttff."
        )
    return cast("tuple[Axis, Axis]", tuple(names))


def points(plans: Sequence[Plan], x: str, y: str) -> list[Point]:
    """Where the plans lie, those that cannot be placed left out; each is told by how it differs from the one before."""
    placed = [(value(plan, x), value(plan, y), plan) for plan in plans]
    known = [(a, b, plan) for a, b, plan in placed if a is not None and b is not None]
    known.sort(key=lambda found: found[:2])
    before = [None, *(plan for _, _, plan in known)]
    return [Point(n, a, b, label(plan, before[n - 1]), plan) for n, (a, b, plan) in enumerate(known, 1)]


def value(plan: Plan, name: str) -> float | None:
    """What a plan is expected to give of one objective."""
    return next((found.value for found in plan.predictions if found.name == name), None)


def label(plan: Plan, before: Plan | None) -> str:
    """The accelerators of a plan, and the nodes that are done otherwise than in the one before."""
    parts = [rented(plan.instances)] if rented(plan.instances) else []
    old = before.nodes if before is not None else {}
    both = [(name, choice, old[name]) for name, choice in plan.nodes.items() if name in old]
    odd = [f"{name}: {told}" for name, new, one in both if (told := _changed(new, one))]
    return "; ".join(parts + odd) or ("" if before else "processors only")


def to_json(found: Sequence[Point], x: str, y: str) -> list[dict[str, Any]]:
    """The front for programs."""
    return [{"point": p.number, x: p.x, y: p.y, "label": p.label, "plan": msgspec.to_builtins(p.plan)} for p in found]


def print_front(found: Sequence[Point], x: str, y: str, out: Console | None = None) -> None:
    """Print the plot and the table on standard output."""
    out = out or console()
    many = f"{len(found)} plans of which none is better in both" if len(found) > 1 else "one plan is best in both"
    show(out, Text(f"{found[0].plan.workflow}: {x} against {y}, {many}\n"))
    if len(found) > 1:
        show(out, Text(plot(found, x, y) + "\n"))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("#", justify="right")
    for name in (x, y):
        table.add_column(name, justify="right")
    table.add_column("With (what differs from the line above)")
    for point in found:
        table.add_row(str(point.number), _figure(x, point.x), _figure(y, point.y), Text(point.label))
    show(out, table)
    if any(TIME_OVER in point.plan.notes for point in found):
        show(out, Text("\nTime was over: there may be more and better plans; --time-limit allows more."))


def plot(found: Sequence[Point], x: str, y: str) -> str:
    """The points in a grid of characters; both axes begin at 0 or at the smallest value, whichever is nearer."""
    left, right = span([point.x for point in found])
    low, high = span([point.y for point in found])
    grid = [[" "] * COLUMNS for _ in range(ROWS)]
    for point in found:
        column = round((point.x - left) / (right - left) * (COLUMNS - 1))
        row = ROWS - 1 - round((point.y - low) / (high - low) * (ROWS - 1))
        name = str(point.number)
        start = min(column, COLUMNS - len(name))
        grid[row][start : start + len(name)] = name
    marks = {0: amount(high), ROWS - 1: amount(low)}
    width = max(map(len, marks.values()))
    lines = [f"{_axis(y)}"]
    lines += [f"{marks.get(number, ''):>{width}} |{''.join(cells).rstrip()}" for number, cells in enumerate(grid)]
    ends = f"{amount(left)}{amount(right):>{COLUMNS - len(amount(left))}}"
    return "\n".join(
        [*lines, f"{'':>{width}} +{'-' * COLUMNS}", f"{'':>{width}}  {ends}", f"{_axis(x):>{width + 2 + COLUMNS}}"]
    )


def span(values: Sequence[float]) -> tuple[float, float]:
    """The ends of an axis: from 0 where the values reach down to half of the largest, else with some room around."""
    low, high = min(values), max(values)
    if low < high / 2:
        return 0.0, high
    room = (high - low) * 0.1 or abs(high) * 0.1 or 1.0
    return max(low - room, 0.0), high + room


def _figure(name: str, value: float) -> str:
    return amount(value) if name == "quality" else figure(name, value)


def _axis(name: str) -> str:
    unit = UNITS.get(name, "")
    return f"{NAMES.get(name, name)}, {unit}" if unit else NAMES.get(name, name)


def _changed(new: NodePlan, old: NodePlan) -> str:
    """What is different at a node: model, or else settings; and what it runs on. Empty where nothing is."""
    if new.chosen.model != old.chosen.model:
        parts = [new.chosen.model]
    else:
        parts = [settings(new.chosen.knobs, old.chosen.knobs)]
    if _held(new) != _held(old):
        parts.append(f"on {_held(new)}")
    return " ".join(filter(None, parts))


def _held(choice: NodePlan) -> str:
    return " and ".join(f"{group.count} x {share(group)}" for group in groups(choice))
