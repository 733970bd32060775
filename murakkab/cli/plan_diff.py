"""What is different between two plans, node by node, with the reasons of the second one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from murakkab.cli.plan_asked import asked_otherwise, moved_times
from murakkab.cli.plan_file import PlanFile
from murakkab.cli.plan_print import bullets, console, part, show
from murakkab.cli.plan_reasons import configuration
from murakkab.cli.plan_words import NAMES, figure, groups, settings, share
from murakkab.cli.wording import printable
from murakkab_optimizer.plan import Instances, NodePlan, Plan


class Change(msgspec.Struct, frozen=True):
    """What became of one node: ``what`` of it changed, from ``before`` to ``after``, and why."""

    node: str
    what: str
    before: str
    after: str
    reason: str = ""


def changes(old: Plan, new: Plan) -> list[Change]:
    """The nodes that are done otherwise, in the order of the newer plan; those that are gone stand last."""
    found = [change for name, choice in new.nodes.items() for change in _changed(name, old.nodes.get(name), choice)]
    gone = [name for name in old.nodes if name not in new.nodes]
    return found + [Change(name, "node", configuration(old.nodes[name].chosen, {}), "gone") for name in gone]


def compare(old: PlanFile, new: PlanFile) -> dict[str, Any]:
    """The differences for programs."""
    return {
        "asked": msgspec.to_builtins(asked_otherwise(old, new)),
        "nodes": msgspec.to_builtins(changes(old.plan, new.plan)),
        "times": [*moved_times(old.plan, new.plan)],
        "predictions": [
            {"name": name, "before": before, "after": after} for name, before, after in _predicted(old.plan, new.plan)
        ],
        "instances": [
            {**msgspec.to_builtins(msgspec.structs.replace(group, count=abs(more))), "change": more}
            for group, more in _instances(old.plan, new.plan)
        ],
    }


def print_diff(old: PlanFile, new: PlanFile) -> None:
    """Print the differences for people."""
    out = console()
    for sign, file in (("-", old), ("+", new)):
        origin = file.origin
        parts = [origin.workflow or file.plan.workflow, origin.cluster or file.plan.cluster, origin.date]
        show(out, Text(f"{sign} " + ", ".join(printable(part) for part in parts if part), style="dim"))
    asked = [f"{one.what}: {one.before} -> {one.after}" for one in asked_otherwise(old, new)]
    part(out, "Asked otherwise", bullets(asked or ["Nothing: the same promises, objective and machines."]))
    same = len(new.plan.nodes) - len({change.node for change in changes(old.plan, new.plan)} & set(new.plan.nodes))
    part(out, f"Nodes ({same} the same)", _node_lines(old.plan, new.plan))
    if times := [*moved_times(old.plan, new.plan)]:
        part(out, "Times that are known otherwise", bullets(times))
    for title, told in (
        ("Predictions", _prediction_lines(old, new)),
        ("Instances", _instance_lines(old, new)),
    ):
        if found := [*told]:
            part(out, title, Text("\n".join(found)))


def _changed(name: str, old: NodePlan | None, new: NodePlan) -> Iterator[Change]:
    if old is None:
        yield Change(name, "node", "", configuration(new.chosen, {}), new.reason)
        return
    facts = [*_facts(old, new)]
    for what, before, after in facts:
        yield Change(name, what, before, after, new.reason if (what, before, after) == facts[0] else "")


def _facts(old: NodePlan, new: NodePlan) -> Iterator[tuple[str, str, str]]:
    """What differs: model or else settings, device, number of instances."""
    if old.chosen.model != new.chosen.model:
        yield "model", old.chosen.model, new.chosen.model
    elif old.chosen.knobs != new.chosen.knobs:
        before, after = (settings(a.chosen.knobs, b.chosen.knobs) for a, b in ((old, new), (new, old)))
        yield "settings", before or "-", after or "-"
    before, after = _places(old), _places(new)
    if before != after:
        yield "device", before, after
    counts = sum(group.count for group in groups(old)), sum(group.count for group in groups(new))
    if counts[0] != counts[1]:
        yield "instances", str(counts[0]), str(counts[1])


def _places(choice: NodePlan) -> str:
    return " and ".join(share(group) for group in groups(choice))


def _predicted(old: Plan, new: Plan) -> list[tuple[str, float | None, float | None]]:
    before, after = ({p.name: p.value for p in plan.predictions} for plan in (old, new))
    return [(name, before.get(name), after.get(name)) for name in dict.fromkeys([*after, *before])]


def _instances(old: Plan, new: Plan) -> list[tuple[Instances, int]]:
    """Groups of instances of which there are more or fewer, each with how many."""
    counts: Counter[Instances] = Counter()
    for plan, sign in ((new, 1), (old, -1)):
        for group in plan.instances:
            counts[msgspec.structs.replace(group, count=1)] += sign * group.count
    return [(group, more) for group, more in counts.items() if more]


def _node_lines(old: Plan, new: Plan) -> RenderableType:
    """What changed at each node, and under it the reason."""
    found = changes(old, new)
    if not found:
        return Text("No node is done otherwise.")
    lines = Table.grid(padding=(0, 2, 0, 0))
    lines.add_column(no_wrap=True, style="bold")
    lines.add_column()
    for change in found:
        arrow = f"{change.before} -> {change.after}" if change.before else f"new: {change.after}"
        lines.add_row(Text(printable(change.node)), Text(f"{change.what}: {printable(arrow)}"))
        if change.reason:
            lines.add_row("", Text(printable(change.reason), style="dim"))
    return lines


def _prediction_lines(old: PlanFile, new: PlanFile) -> Iterator[str]:
    moved = (old.origin.cluster or old.plan.cluster) != (new.origin.cluster or new.plan.cluster)
    for name, before, after in _predicted(old.plan, new.plan):
        if before is None and after is None:
            continue
        told = ["?" if value is None else figure(name, value) for value in (before, after)]
        ratio = "(of the best on the same machines)" if moved and name == "quality" else _ratio(before, after)
        yield f"{NAMES.get(name, name):<30}{told[0]:>14} -> {told[1]:<14}{ratio}".rstrip()


def _ratio(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return ""
    if abs(after - before) <= 1e-9 * abs(before):
        return "the same"
    if not before:
        return ""
    return f"{after / before - 1:+,.0%}"


def _instance_lines(old: PlanFile, new: PlanFile) -> Iterator[str]:
    for group, more in _instances(old.plan, new.plan):
        yield f"{more:+d} x {printable(group.model)} on {share(group)}"
