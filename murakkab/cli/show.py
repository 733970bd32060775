"""``murakkab show``: the plan, the script, the shots and the figures of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from murakkab.cli.common import RUNS, command_app

if TYPE_CHECKING:
    from rich.console import Console

    from murakkab.engine import RunRecord

app = command_app()
main = app


@app.command()
def show(
    run: Annotated[str, typer.Argument(help="Id of the run; 'murakkab runs' lists them.", metavar="ID")],
    runs: Annotated[Path, RUNS] = Path("runs"),
) -> None:
    """Show the plan, the script with its sources, the shots and the figures of a run."""
    from rich.console import Console

    from murakkab.engine import RunStore
    from murakkab.engine.feed import read_events

    store = RunStore(runs)
    console = Console(highlight=False, markup=False, emoji=False)
    events = read_events(store.folder(run) / "events.jsonl")
    _print_head(console, store.record(run), store.folder(run))
    _print_plan(console, events)
    _print_script(console, events)
    _print_shots(console, events)


def _print_head(console: Console, record: RunRecord, folder: Path) -> None:
    import msgspec

    from murakkab.cli.wording import figures, printable, seconds

    facts = msgspec.to_builtins(record)
    console.print(printable(record.title), style="bold")
    console.print(f"{record.run}, {record.status}, {record.created}, seed {record.seed}")
    for name, value in record.inputs.items():
        if value not in (None, ""):
            console.print(f"  {name}: {printable(value)}")
    if record.error:
        console.print(f"  error: {printable(record.error)}")
    console.print(f"{seconds(record.duration_s)} made in {seconds(record.made_in_s)}; {figures(facts)}")
    console.print(f"Files: {folder}")


def _print_plan(console: Console, events: list[dict[str, Any]]) -> None:
    from murakkab.cli.live import plan_table

    planned = [event for event in events if event["event"] == "run.planned"]
    if planned:
        console.print("\nPlan", style="bold")
        console.print(plan_table(planned[-1]["nodes"]))


def _print_script(console: Console, events: list[dict[str, Any]]) -> None:
    from murakkab.cli.wording import printable

    turns = {tuple(event["path"]): event for event in events if event["event"] == "turn.written"}
    if turns:
        console.print("\nScript", style="bold")
    for _, turn in sorted(turns.items()):
        console.print(f"{printable(turn['speaker'])}: {printable(turn['text'])}")
        if passage := turn["passage"]:
            page = f", page {passage['page']}" if passage.get("page") is not None else ""
            console.print(f"    from passage {passage['id']}{page}: {printable(passage['text'])}", style="dim")


def _print_shots(console: Console, events: list[dict[str, Any]]) -> None:
    from murakkab.cli.wording import clock

    lengths: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        if event["event"] == "segment.published":
            lengths.setdefault(event["shot"], []).append(event)
    if lengths:
        console.print("\nShots", style="bold")
    for label, segments in lengths.items():
        first, last = segments[0], segments[-1]
        length = sum(segment["seconds"] for segment in segments)
        console.print(
            f"{label:>8}  at {clock(first['start'])}  {length:5.1f} s  in {len(segments)} segments, "
            f"ready {last['t']:.1f} s after the request"
        )
