"""``murakkab profile``: measures how fast the models are on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from murakkab.cli.common import command_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from murakkab.profiling.store import Kept, ProfileStore, Record
    from murakkab.profiling.todo import Todo
    from murakkab_optimizer.catalog import ModelCard

LEAST_WIDTH = 118
"""Characters that a line of the table needs."""

app = command_app()
main = app


@app.command()
def profile(
    models: Annotated[list[str] | None, typer.Argument(help="All that can be used here by default.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer repeats, one instance at a time.")] = False,
    repeats: Annotated[int | None, typer.Option("--repeats", min=1, help="Rounds of a configuration.")] = None,
    show: Annotated[bool, typer.Option("--list", help="Show what is kept and measure nothing.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Measure what is kept, too; forget what found no room.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what is kept as JSON.")] = False,
) -> None:
    """Measure every configuration of the models on this machine, so that plans go by it.

    What is measured is kept at once: a call that was stopped goes on where it was.
    """
    from murakkab.profiling.memory import forget_memory
    from murakkab.profiling.store import ProfileStore

    store, cards = ProfileStore(), _cards(models or [])
    if again and not show:
        forget_memory(cards, store)
    if not show:
        _measure(store, cards, quick=quick, repeats=repeats, again=again)
    _tell(store, cards, json=json)


def _cards(names: list[str]) -> dict[str, ModelCard]:
    """The cards of these names, or all that an adapter runs."""
    from murakkab_runtimes.base import only_planned
    from murakkab_runtimes.catalog import load_catalog

    known = load_catalog()
    for name in names:
        if name not in known:
            from murakkab.engine.errors import UserError
            from murakkab.language.problems import nearest

            raise UserError(f"there is no model '{name}'", nearest(name, known, what="models"))
    return {name: known[name] for name in names} or {n: card for n, card in known.items() if not only_planned(card)}


def _measure(
    store: ProfileStore, cards: dict[str, ModelCard], *, quick: bool, repeats: int | None, again: bool
) -> None:
    from dataclasses import replace

    from murakkab.engine.here import available
    from murakkab.profiling.measure import QUICK, Effort, Session
    from murakkab.profiling.todo import todo

    kept, trouble = store.read()
    if trouble:
        typer.echo(f"murakkab: {trouble}", err=True)
    effort = QUICK if quick else Effort()
    effort = replace(effort, repeats=repeats) if repeats else effort
    left = todo(cards.values(), available(cards)[1], kept, effort, again=again)
    _announce(left)
    if not left.count:
        return
    with Session(store.machine, effort) as session:
        try:
            faults = _work(store, session, left, cards)
        except KeyboardInterrupt:
            from murakkab.cli.faults import INTERRUPTED

            typer.echo("\nStopped. What was measured is kept; the same command goes on.", err=True)
            raise typer.Exit(INTERRUPTED) from None
    for name, fault in faults:
        typer.echo(f"murakkab: {name} was not measured: {fault}", err=True)


def _announce(left: Todo) -> None:
    from murakkab.cli.wording import clock

    for name, why in left.skipped.items():
        typer.echo(f"{name}: {why}", err=True)
    if not left.count and left.kept:
        typer.echo(f"All {left.kept} configurations are kept; --again measures them again.", err=True)
    elif not left.count:
        typer.echo("None of these models can be measured here.", err=True)
    else:
        there = f"; {left.kept} are kept" if left.kept else ""
        typer.echo(
            f"{left.count} configurations of {_models(len(left.wanted))}, "
            f"about {clock(left.expected_s)} minutes on idle cores{there}.",
            err=True,
        )


def _models(count: int) -> str:
    return f"{count} model" + "s" * (count != 1)


def _work(store: ProfileStore, session: Any, left: Todo, cards: dict[str, ModelCard]) -> list[tuple[str, str]]:  # noqa: ANN401 - imported late
    """Measure and keep one configuration after the other; returns those that failed, each with why."""
    from murakkab.cli.profile_progress import shown
    from murakkab.profiling.store import Record
    from murakkab.profiling.todo import keep

    faults: list[tuple[str, str]] = []
    with shown(left.count) as progress:
        for name, wanted in left.wanted.items():
            progress.at(f"loads {name}")
            for one, found in session.measure(cards[name], wanted):
                if isinstance(found, Record):
                    with store.changing() as kept:
                        keep(found, kept)
                else:
                    faults.append((str(one), found))
                progress.done(str(one))
    return faults


def _tell(store: ProfileStore, cards: dict[str, ModelCard], *, json: bool) -> None:
    import msgspec

    from murakkab.profiling.versions import is_current

    kept, trouble = store.read()
    kept.records = [record for record in kept.records if record.profile.model in cards]
    if json:
        stale = [not is_current(cards[record.profile.model], record.versions) for record in kept.records]
        facts = {**msgspec.to_builtins(kept), "file": str(store.path), "trouble": trouble}
        for row, old in zip(facts["records"], stale, strict=True):
            row["stale"] = old
        typer.echo(msgspec.json.encode(facts).decode())
        return
    if trouble:
        typer.echo(f"murakkab: {trouble}", err=True)
    _table(kept, cards)
    for line in _beside(store, kept, cards):
        typer.echo(line)


def _beside(store: ProfileStore, kept: Kept, cards: dict[str, ModelCard]) -> Iterator[str]:
    """What is known beside the measured configurations."""
    from murakkab.profiling.correct import drifted

    for model, evidence in drifted(store, cards).items():
        yield f"{model}: {evidence}; `murakkab profile {model} --again` measures it anew"
    if kept.calibration:
        factors = ", ".join(f"{name} {value:.2f}" for name, value in kept.calibration.factors.items())
        yield f"Shipped profiles are scaled by a calibration of {kept.calibration.date}: {factors}"
    yield f"{store.machine}\n{store.path}"


def _table(kept: Kept, cards: dict[str, ModelCard]) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    if not kept.records:
        typer.echo("Nothing is measured on this machine yet; `murakkab profile` does it.")
        return
    table = Table(box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    for name in (
        "model",
        "configuration",
        "a unit",
        "+/-",
        "a task",
        "first",
        "loaded",
        "W",
        "MiB",
        "load",
        "n",
        "date",
    ):
        left = name in ("model", "configuration", "date")
        wraps = name == "configuration"
        table.add_column(name, justify="left" if left else "right", overflow="fold", no_wrap=not wraps)
    for record in sorted(kept.records, key=lambda record: record.profile.model):
        table.add_row(*_row(record, cards[record.profile.model]))
    Console(highlight=False, width=max(Console().width, LEAST_WIDTH)).print(table)


def _row(record: Record, card: ModelCard) -> Iterator[str]:
    from murakkab.profiling.versions import is_current

    one = record.profile
    yield one.model
    yield " ".join(f"{name}={value}" for name, value in {**one.knobs, **one.conditions}.items())
    yield f"{_time(one.unit_s)}/{one.unit}"
    yield _spread(record)
    yield _time(one.fixed_s) if one.fixed_s else ""
    yield _time(one.first_s) if one.first_s is not None else ""
    yield f"{one.load[-1].unit_s / one.load[0].unit_s:.2f}x" if len(one.load) > 1 else ""
    yield f"{one.power_w:.1f}{'~' if one.energy == 'estimated' else ''}"
    yield f"{one.memory_mb:.0f}"
    yield _time(record.load_s)
    yield str(one.provenance.samples)
    yield one.provenance.date + ("" if is_current(card, record.versions) else " stale")


def _spread(record: Record) -> str:
    """Share of a unit's seconds between the quartiles; a dash where one round tells nothing of it."""
    one = record.profile
    if one.provenance.samples < 2:
        return "-"
    return f"{100 * one.spread_s / one.unit_s:.0f}%" if one.unit_s else ""


def _time(seconds: float) -> str:
    """Three digits with the unit that suits."""
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"
