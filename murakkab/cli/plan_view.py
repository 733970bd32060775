"""A plan for people: what does each node and why, what is promised, what stands in the way, what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from murakkab.cli.plan_words import NAMES, TIME_OVER, amount, figure, groups, place, rented, seconds, settings, share
from murakkab.cli.wording import printable
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.plan import Configuration, NodePlan, Plan, Prediction, Relaxation

WIDTH = 100
"""Columns that are used at most."""

_SENTENCES = 4
"""Relaxations told at most."""

_SAME = 0.01
"""Share of an objective that makes no difference to people."""

_PROVEN = 1e-4
"""Share below which a gap is rounding."""

KEPT, BROKEN, OPEN, UNKNOWN = "kept", "NOT KEPT", "not promised", "cannot be told"


def console() -> Console:
    """Standard output in at most ``WIDTH`` columns, without codes where it is no terminal."""
    found = Console(highlight=False, markup=False, emoji=False)
    return Console(
        highlight=False, markup=False, emoji=False, width=min(found.width, WIDTH) if found.is_terminal else WIDTH
    )


def print_plan(plan: Plan, cards: Mapping[str, ModelCard], machines: str = "", out: Console | None = None) -> None:
    """Print a plan on standard output.

    Args:
        plan: what is shown.
        cards: of the models, by name.
        machines: what it was made for, in words.
        out: where it is printed.
    """
    out = out or console()
    show(out, Text("\n").join(_head(plan, machines)))
    _part(out, "Nodes", node_table(plan, cards))
    _part(out, "Why", _why_table(plan, cards))
    if lines := sources(plan):
        _part(out, "Where the times come from", _list(lines))
    if plan.predictions:
        _part(out, "Promises", promise_table(plan))
        show(out, _list(_grouped((p.name, p.note) for p in plan.predictions)))
    if lines := binding(plan):
        _part(out, "What binds", _list(lines))
    if plan.notes:
        _part(out, "Notes", _list(plan.notes))
    if plan.defaults:
        _part(out, "Defaults in force", _list(plan.defaults))


def show(out: Console, body: RenderableType) -> None:
    """Print something, without spaces at the ends of lines where it is piped."""
    if out.is_terminal:
        out.print(body)
        return
    with out.capture() as captured:
        out.print(body)
    out.file.write("\n".join(line.rstrip() for line in captured.get().split("\n")))


def verdict(prediction: Prediction) -> str:
    """Whether a promise is expected to be kept."""
    if prediction.limit is None:
        return OPEN
    if prediction.value is None:
        return UNKNOWN
    sign = -1.0 if prediction.name == "quality" else 1.0
    slack = 1e-6 * max(1.0, abs(prediction.limit))
    return KEPT if sign * prediction.value <= sign * prediction.limit + slack else BROKEN


def node_table(plan: Plan, cards: Mapping[str, ModelCard]) -> Table:
    """What does each node: model, settings, devices, instances, seconds and quality."""
    table = _table("Node", "Model", "Settings", "One runs on")
    for title in ("Instances", "Seconds a task", "Quality"):
        table.add_column(title, justify="right")
    for name, choice in plan.nodes.items():
        card, chosen, held = cards.get(choice.chosen.model), choice.chosen, groups(choice)
        drawn = " (drawn)" if card is not None and card.drawn else ""
        table.add_row(
            _plain(name),
            _plain(chosen.model).append(drawn, style="dim"),
            Text(settings(chosen.knobs, card.knobs if card else None), style="dim"),
            Text("\n".join(share(group) for group in held)),
            Text("\n".join(str(group.count) for group in held)),
            Text(amount(chosen.seconds) if chosen.seconds else "?"),
            Text(f"{chosen.quality:.2f}" if chosen.quality else "?"),
        )
    return table


def sources(plan: Plan) -> list[str]:
    """Where the expected times come from, each with the nodes that rest on it."""
    return _grouped((name, choice.provenance) for name, choice in plan.nodes.items())


def promise_table(plan: Plan) -> Table:
    """Predicted against limit, one line a promise."""
    table = _table("About")
    for title in ("Expected", "Promised"):
        table.add_column(title, justify="right")
    table.add_column("Verdict")
    for prediction in plan.predictions:
        said = verdict(prediction)
        told = Text(said, style={KEPT: "green", BROKEN: "bold red"}.get(said, "dim"))
        table.add_row(Text(NAMES.get(prediction.name, prediction.name)), *_bounds(prediction), told)
    return table


def binding(plan: Plan) -> list[str]:
    """What giving way would buy, the most valuable first."""
    lines = [relaxation(found) for found in _telling(plan.relaxations)[:_SENTENCES]]
    proven = plan.gap is not None and plan.gap < _SAME and TIME_OVER not in plan.notes
    if not lines and proven and any(p.limit is not None for p in plan.predictions):
        return ["Nothing: no promise stands in the way of a better plan."]
    return lines


def _telling(found: Sequence[Relaxation]) -> list[Relaxation]:
    """Those that say something new: dropping a limit does not where some more room buys as much."""
    steps = {(one.limit, one.objective): one.after for one in found if one.relaxed is not None}
    return [
        one
        for one in found
        if one.relaxed is not None
        or abs(one.after - steps.get((one.limit, one.objective), one.before)) > _SAME * abs(one.after - one.before)
    ]


def relaxation(found: Relaxation) -> str:
    """A sentence: ``ttff 22 s binds: with 27.5 s the cost would fall from $29.46 to $26.10.``."""
    limit, now = _limit(found.limit, found.value)
    then = "without that limit" if found.relaxed is None else f"with {_bound(found.limit, found.relaxed)}"
    verb = "rise" if found.after > found.before else "fall"
    before, after = figure(found.objective, found.before), figure(found.objective, found.after)
    return f"{limit} {now}: {then} the {found.objective} would {verb} from {before} to {after}."


def configuration(found: Configuration, cards: Mapping[str, ModelCard]) -> str:
    """A configuration on one line: ``kokoro speed=2 on 1 core, 0.9 s a task, quality 0.80``."""
    card = cards.get(found.model)
    parts = [" ".join(filter(None, (found.model, settings(found.knobs, card.knobs if card else None))))]
    parts[0] += f" on {place(found)}"
    if found.seconds:
        parts.append(f"{seconds(found.seconds)} a task")
    if found.quality:
        parts.append(f"quality {found.quality:.2f}")
    return ", ".join(parts)


def _head(plan: Plan, machines: str) -> Iterator[Text]:
    title = Text(printable(plan.workflow or "Plan"), style="bold")
    if plan.cluster or machines:
        title.append(f" on {printable(plan.cluster or 'this machine')}", style="bold")
    yield title.append(f" ({machines})" if machines else "", style="dim")
    wanted = ", then ".join(plan.objective) or "quality"
    method = "exact planner" if plan.method == "exact" else "greedy planner, so a better plan may exist"
    yield Text(f"Best for {wanted} within the promises; {method}{_gap(plan)}", style="dim")
    if hired := rented(plan.instances):
        yield Text(f"Takes {hired}", style="dim")


def _gap(plan: Plan) -> str:
    if plan.gap is None or plan.gap >= 1:
        return ""
    return f"; no plan is better by more than {max(plan.gap, _PROVEN) * 100:.2g}%"


def _why_table(plan: Plan, cards: Mapping[str, ModelCard]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for name, choice in plan.nodes.items():
        table.add_row(_plain(name), Text("\n".join(_why(choice, cards))))
    return table


def _why(choice: NodePlan, cards: Mapping[str, ModelCard]) -> Iterator[str]:
    yield printable(choice.reason)
    if choice.runner_up is not None:
        against = dict(reversed(choice.alternatives)).get(choice.runner_up.model, "")
        why_not = f"; not chosen: {printable(against)}" if against else ""
        yield f"next best: {configuration(choice.runner_up, cards)}{why_not}"
    elif choice.alternatives:
        model, against = choice.alternatives[0]
        yield f"not chosen: {printable(model)}, {printable(against)}"


def _bounds(prediction: Prediction) -> tuple[Text, Text]:
    name = prediction.name
    expected = "?" if prediction.value is None else figure(name, prediction.value)
    if prediction.limit is None:
        return Text(expected), Text("-", style="dim")
    least = "at least" if name == "quality" else "at most"
    promised = "none" if name == "realtime" and prediction.limit == 0 else f"{least} {figure(name, prediction.limit)}"
    return Text(expected), Text(promised)


def _limit(name: str, value: float) -> tuple[str, str]:
    """The limit with its value, and the verb that goes with it."""
    if name.startswith("devices "):
        return f"{_bound(name, value)} {name.removeprefix('devices ')}", _verb(value)
    if name == "cores":
        return f"{_bound(name, value)} core" + ("" if value == 1 else "s"), _verb(value)
    return ("realtime" if name == "realtime" else f"{name} {_bound(name, value)}"), "binds"


def _verb(count: float) -> str:
    return "binds" if count == 1 else "bind"


def _bound(name: str, value: float) -> str:
    return amount(value) if name == "cores" or name.startswith("devices ") else figure(name, value)


def _grouped(remarks: Iterable[tuple[str, str]]) -> list[str]:
    """Each remark once, behind the names that it is made of."""
    names: dict[str, list[str]] = {}
    for name, remark in remarks:
        if remark:
            names.setdefault(remark, []).append(name)
    return [f"{', '.join(found)}: {remark}" for remark, found in names.items()]


def _part(out: Console, title: str, body: RenderableType) -> None:
    show(out, Text(f"\n{title}", style="bold"))
    show(out, body)


def _list(lines: list[str] | tuple[str, ...]) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    for line in lines:
        table.add_row(Text("-"), Text(printable(line)))
    return table


def _table(*titles: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in titles:
        table.add_column(title)
    return table


def _plain(text: str) -> Text:
    return Text(printable(text))
