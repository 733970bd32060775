"""The tables of a plan: what does each node, what is promised, how good a shot may be made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from murakkab.cli.plan_print import plain, table
from murakkab.cli.plan_words import NAMES, amount, figure, groups, settings, share
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.plan import Instances, NodePlan, Plan, Prediction, Rung

KEPT, BROKEN, OPEN, UNKNOWN = "kept", "NOT KEPT", "not promised", "cannot be told"


def node_table(plan: Plan, cards: Mapping[str, ModelCard]) -> Table:
    """What does each node: model, settings, devices, instances, seconds and quality."""
    made = table("Node", "Model", "Settings", "One runs on")
    made.columns[1].overflow = "fold"
    for title in ("Instances", "Seconds\na task", "Quality"):
        made.add_column(title, justify="right")
    for name, choice in plan.nodes.items():
        card, chosen, held = cards.get(choice.chosen.model), choice.chosen, groups(choice)
        drawn = " (drawn)" if card is not None and card.drawn else ""
        made.add_row(
            plain(name),
            plain(chosen.model).append(drawn, style="dim"),
            Text(settings(chosen.knobs, card.knobs if card else None), style="dim"),
            Text("\n".join(share(group) for group in held)),
            Text("\n".join(str(group.count) for group in held)),
            Text(_task_seconds(choice)),
            Text(f"{chosen.quality:.2f}" if chosen.quality else "?"),
        )
    return made


def _task_seconds(choice: NodePlan) -> str:
    """``?`` where nobody knows, ``~0`` where it is too short to count."""
    if choice.chosen.seconds:
        return amount(choice.chosen.seconds)
    return "?" if choice.provenance in ("", "never measured") else "~0"


def promise_table(plan: Plan) -> Table:
    """Predicted against limit, one line a promise."""
    made = table("About")
    for title in ("Expected", "Promised"):
        made.add_column(title, justify="right")
    made.add_column("Verdict")
    for prediction in plan.predictions:
        said = verdict(prediction)
        told = Text(said, style={KEPT: "green", BROKEN: "bold red"}.get(said, "dim"))
        made.add_row(Text(NAMES.get(prediction.name, prediction.name)), *_bounds(prediction), told)
    return made


def verdict(prediction: Prediction) -> str:
    """Whether a promise is expected to be kept."""
    if prediction.limit is None:
        return OPEN
    if prediction.value is None:
        return UNKNOWN
    sign = -1.0 if prediction.name == "quality" else 1.0
    slack = 1e-6 * max(1.0, abs(prediction.limit))
    return KEPT if sign * prediction.value <= sign * prediction.limit + slack else BROKEN


def _bounds(prediction: Prediction) -> tuple[Text, Text]:
    name = prediction.name
    expected = "?" if prediction.value is None else figure(name, prediction.value)
    if prediction.limit is None:
        return Text(expected), Text("-", style="dim")
    if name == "realtime" and prediction.limit == 0:
        return Text(expected), Text("no wait")
    least = "at least" if name == "quality" else "at most"
    return Text(expected), Text(f"{least} {figure(name, prediction.limit)}")


def rung_table(plan: Plan, cores: int = 0) -> Table:
    """The ways to make a shot, one line each: quality, work, and the share of real time that the work takes.

    Args:
        plan: with rungs.
        cores: of the machines; 0 where that is not known.
    """
    shares = [real_time(plan, rung, cores) for rung in plan.rungs]
    made = table("")
    for title in ("Quality", "Filming", "Cores\nbusy", *(["Share of\nreal time"] if any(shares) else [])):
        made.add_column(title, justify="right")
    made.add_column("")
    for number, (rung, part) in enumerate(zip(plan.rungs, shares, strict=True)):
        cells = [f"{rung.quality:.0%}", f"{amount(sum(rung.paces.values()))} s", amount(rung.load)]
        cells += [f"{part:.0%}"] if any(shares) else []
        marks = ["as planned"] if number == plan.start and rung.name != "as planned" else []
        marks += ["nothing moves"] if rung.static else []
        made.add_row(plain(rung.name), *map(Text, cells), Text(", ".join(marks), style="dim"))
    return made


def real_time(plan: Plan, rung: Rung, cores: int = 0) -> float:
    """Share of its time for which the busiest works where all is made on a rung: the cores, or a group of accelerators.

    Args:
        plan: whose instances do it.
        rung: of the plan.
        cores: of the machines; 0 where that is not known.
    """
    paces: defaultdict[Instances, float] = defaultdict(float)
    for name, chosen in rung.nodes.items():
        for group in groups(plan.nodes[name])[:1] if chosen.devices else ():
            paces[group] += rung.paces.get(name, 0.0)
    shares = [pace / group.count for group, pace in paces.items()]
    return max([*shares, rung.load / cores if cores else 0.0])
