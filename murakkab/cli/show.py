"""``murakkab show``: the plan, the script, the shots and the figures of a run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from murakkab.cli.common import RUNS, command_app
from murakkab.cli.which import RUN, find_run

if TYPE_CHECKING:
    from murakkab.engine import RunRecord

app = command_app()
main = app


@app.command()
def show(
    run: Annotated[str | None, RUN] = None,
    runs: Annotated[Path, RUNS] = Path("runs"),
) -> None:
    """Show the plan, the script with its sources, the shots, the figures and the outputs of a run."""
    from murakkab.engine import RunStore
    from murakkab.engine.feed import read_events

    store = RunStore(runs)
    found = find_run(store, run)
    events = read_events(store.folder(found) / "events.jsonl")
    planned = next((event for event in reversed(events) if event["event"] == "run.planned"), None)
    _print_head(store.record(found), store.folder(found), planned)
    _print_plan(planned, events)
    _print_cache(events)
    _print_script(events)
    _print_shots(events)
    _print_outputs(events)


def _print_head(record: RunRecord, folder: Path, planned: dict[str, Any] | None) -> None:
    import msgspec

    from murakkab.cli.wording import figures, printable, seconds

    typer.secho(printable(record.title), bold=True)
    typer.echo(f"{record.run}, {record.status}, {record.created}, seed {record.seed}")
    for name, value in record.inputs.items():
        if value not in (None, ""):
            typer.echo(f"  {name}: {printable(value)}")
    if record.error:
        typer.echo(f"  error: {printable(record.error)}")
    if record.made_in_s is not None:
        stream = f"{seconds(record.duration_s)} of stream, made in" if record.duration_s else "Made in"
        typer.echo(f"{stream} {seconds(record.made_in_s)}")
    if record.ttff_s is not None:
        typer.echo(figures(msgspec.to_builtins(record), planned))
    typer.echo(f"Files: {folder}")


def _print_plan(planned: dict[str, Any] | None, events: list[dict[str, Any]]) -> None:
    """The plan that the run began with, and what became of it."""
    from rich.console import Console

    from murakkab.cli.live import plan_table
    from murakkab.cli.wording import expected, printable
    from murakkab.engine.plan_news import news_of

    if planned is not None:
        typer.secho("\nPlan", bold=True)
        Console(highlight=False).print(plan_table(planned["nodes"]))
        for told in expected(planned):
            typer.echo(told)
    for news in news_of(events):
        typer.echo(f"After {news['t']:.1f} s: {printable(news['told'])}")


def _print_cache(events: list[dict[str, Any]]) -> None:
    """How often each node found its result in the cache, and why it did not."""
    from murakkab.cli.progress import HIT

    reasons: dict[str, Counter[str]] = {}
    for event in events:
        if event["event"] == "task.started" and event.get("cache"):
            reasons.setdefault(event["node"], Counter())[event["cache"]] += 1
    if reasons:
        typer.secho("\nCache", bold=True)
    width = max(map(len, reasons), default=0)
    for node, counts in reasons.items():
        words = [f"{count} taken" if why == HIT else f"{count} made: {why}" for why, count in counts.most_common()]
        for number, line in enumerate(words):
            typer.echo(f"{node if number == 0 else '':>{width}}  {line}")


def _print_script(events: list[dict[str, Any]]) -> None:
    from murakkab.cli.wording import printable

    turns = {tuple(event["path"]): event for event in events if event["event"] == "turn.written"}
    if turns:
        typer.secho("\nScript", bold=True)
    for _, turn in sorted(turns.items()):
        typer.echo(f"{printable(turn['speaker'])}: {printable(turn['text'])}")
        if passage := turn["passage"]:
            page = f", page {passage['page']}" if passage.get("page") is not None else ""
            typer.secho(f"    from passage {passage['id']}{page}: {printable(passage['text'])}", dim=True)


def _print_shots(events: list[dict[str, Any]]) -> None:
    from murakkab.cli.wording import clock
    from murakkab.engine.shots import changes, looks, shots_of

    made = shots_of(events)
    rungs = {shot["shot"]: shot for shot in made}
    changed = {shot["shot"] for shot in changes(made)}
    shots: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        if event["event"] == "segment.published":
            shots.setdefault(event["shot"], []).append(event)
    if shots:
        typer.secho("\nShots", bold=True)
    for label, segments in shots.items():
        length = sum(segment["seconds"] for segment in segments)
        typer.echo(
            f"{label:>8}  at {clock(segments[0]['start'])}  {length:5.1f} s in {len(segments)} segments, "
            f"the last after {segments[-1]['t']:.1f} s{_told_rung(rungs.get(label), why=label in changed)}"
        )
    quality, top = looks(made)
    if quality is not None:
        typer.echo(f"Quality {quality:.1%} of the best; {top:.0%} of the show made at its best")


def _told_rung(shot: dict[str, Any] | None, *, why: bool) -> str:
    """How a shot was made and, where that changed, why."""
    if shot is None:
        return ""
    return f"; {shot['rung']}" + (f" ({shot['reason']})" if why else "")


def _print_outputs(events: list[dict[str, Any]]) -> None:
    from murakkab.cli.results import output_lines
    from murakkab.outputs import told_outputs

    last = events[-1] if events else {}
    outputs = told_outputs(last)
    if outputs:
        typer.secho("\nOutputs", bold=True)
    for line in output_lines(outputs):
        typer.echo(line)
