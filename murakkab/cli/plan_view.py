"""A plan for people: what does each node and why, what is promised, what stands in the way, what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from murakkab.cli.plan_words import (
    NAMES,
    NOT_TOLD,
    TIME_OVER,
    amount,
    figure,
    groups,
    place,
    rented,
    seconds,
    settings,
    share,
)
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

_WITH_NAMES = ("published", "estimated")
"""Provenances that say nothing without the name of the publication."""

KEPT, BROKEN, OPEN, UNKNOWN = "kept", "NOT KEPT", "not promised", "cannot be told"


def console() -> Console:
    """Standard output in at most ``WIDTH`` columns, without codes where it is no terminal."""
    found = Console(highlight=False, markup=False, emoji=False)
    return Console(
        highlight=False, markup=False, emoji=False, width=min(found.width, WIDTH) if found.is_terminal else WIDTH
    )


def print_plan(
    plan: Plan, cards: Mapping[str, ModelCard], machines: str = "", out: Console | None = None, *, verbose: bool = False
) -> None:
    """Print a plan on standard output.

    Args:
        plan: what is shown.
        cards: of the models, by name.
        machines: what it was made for, in words.
        out: where it is printed.
        verbose: tell the sources of the times, too, and what else could have been chosen.
    """
    out = out or console()
    show(out, Text("\n").join(_head(plan, machines)))
    _part(out, "Nodes", node_table(plan, cards))
    _part(out, "Why", _why_table(plan, cards, verbose=verbose))
    if lines := sources(plan, verbose=verbose):
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
    table.columns[1].overflow = "fold"
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
            Text(_task_seconds(choice)),
            Text(f"{chosen.quality:.2f}" if chosen.quality else "?"),
        )
    return table


def sources(plan: Plan, *, verbose: bool = False) -> list[str]:
    """Where the expected times come from, each with the nodes that rest on it; in a few words unless ``verbose``."""
    told = ((name, choice.provenance) for name, choice in plan.nodes.items())
    return _grouped((name, words if verbose else _in_short(words)) for name, words in told)


def _in_short(provenance: str) -> str:
    """A provenance without its details, but with the publication."""
    words, _, details = provenance.partition(": ")
    named = details.split(",")[0].split(":")[0]
    return f"{words}, {named}" if named and words in _WITH_NAMES else words


def _task_seconds(choice: NodePlan) -> str:
    """``?`` where nobody knows, ``~0`` where it is too short to count."""
    if choice.chosen.seconds:
        return amount(choice.chosen.seconds)
    return "?" if choice.provenance in ("", "never measured") else "~0"


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
    proven = plan.gap is not None and plan.gap < _SAME and not {TIME_OVER, NOT_TOLD} & set(plan.notes)
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


def configuration(found: Configuration, cards: Mapping[str, ModelCard], beside: Configuration | None = None) -> str:
    """A configuration on one line: ``kokoro speed=2 on 1 core, 0.9 s a task, quality 0.80``.

    Args:
        found: what is told.
        cards: of the models, by name.
        beside: what it is compared with; its device and quality are not told again.
    """
    card = cards.get(found.model)
    parts = [" ".join(filter(None, (found.model, settings(found.knobs, card.knobs if card else None))))]
    if beside is None or place(beside) != place(found):
        parts[0] += f" on {place(found)}"
    if found.seconds:
        parts.append(f"{seconds(found.seconds)} a task")
    if found.quality and (beside is None or beside.quality != found.quality):
        parts.append(f"quality {found.quality:.2f}")
    return ", ".join(parts)


def _head(plan: Plan, machines: str) -> Iterator[Text]:
    title = Text(printable(plan.workflow or "Plan"), style="bold")
    if plan.cluster or machines:
        title.append(f" on {printable(plan.cluster or 'this machine')}", style="bold")
    yield title.append(f" ({machines})" if machines else "", style="dim")
    wanted = ", then ".join(plan.objective) or "quality"
    yield Text(f"Best for {wanted} within the promises; {_proof(plan)}", style="dim")
    if hired := rented(plan.instances):
        yield Text(f"Takes {hired}", style="dim")


def _proof(plan: Plan) -> str:
    if plan.method != "exact":
        return "greedy planner, so a better plan may exist"
    if plan.gap is None or plan.gap >= 1:
        return "a better plan may exist"
    if plan.gap <= _PROVEN:
        return f"proven best within {_PROVEN:.2%}"
    return f"no plan is better by more than {plan.gap * 100:.2g}%"


def _why_table(plan: Plan, cards: Mapping[str, ModelCard], *, verbose: bool) -> RenderableType:
    """The reasons of nodes with a choice, one a paragraph; of the others each reason once."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    alone = []
    for name, choice in plan.nodes.items():
        if choice.runner_up is None and not choice.alternatives:
            alone.append((name, choice.reason))
        else:
            table.add_row(_plain(name), Text("\n".join(_why(choice, cards, verbose=verbose))))
    parts: list[RenderableType] = [table] if table.row_count else []
    return Group(*parts, _list(_grouped(alone)))


def _why(choice: NodePlan, cards: Mapping[str, ModelCard], *, verbose: bool) -> Iterator[str]:
    reason, other = printable(choice.reason), _next_best(choice, cards)
    yield f"{reason}; {other}" if other else reason
    told = [(printable(model), printable(_bare(why))) for model, why in choice.alternatives] if verbose else []
    yield from (f"not {model}: {why}" for model, why in told if why not in f"{reason} {other}")


def _next_best(choice: NodePlan, cards: Mapping[str, ModelCard]) -> str:
    """The runner-up with what speaks against it, where the reason has not said that; else what was refused first."""
    other = choice.runner_up
    if other is None:
        model, against = choice.alternatives[0]
        return "" if against == choice.reason else f"not {printable(model)}: {printable(against)}"
    against = _bare(dict(reversed(choice.alternatives)).get(other.model, ""))
    why_not = f" ({printable(against)})" if against and against != choice.reason else ""
    return f"next best: {configuration(other, cards, choice.chosen)}{why_not}"


def _bare(against: str) -> str:
    """Without the device that it is about, which is told beside it."""
    return against.partition(": ")[2] if against.startswith("on ") else against


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
