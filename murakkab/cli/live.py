"""The live picture of a run on a terminal (stderr): the plan first, then nodes and shots as they go."""

from __future__ import annotations

from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from murakkab.cli.progress import Event, NodeState, Progress, Shot
from murakkab.cli.wording import clock, expected, outcome, printable, seconds

SHOTS = 6
"""Shots shown at a time: the last ones written."""

_FRAMES_PER_SECOND = 4


class LiveDisplay:
    """Redraws a few times a second until the run ends. Texts of users and models are never read as markup.

    Args:
        console: stderr by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._progress = Progress()
        self._live = Live(
            get_renderable=lambda: picture(self._progress),
            console=self._console,
            refresh_per_second=_FRAMES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def show(self, event: Event) -> None:
        """Take the next event."""
        self._progress.add(event)
        if event["event"] == "run.planned":
            self._console.print(plan_table(event["nodes"]))
            for told in expected(event):
                self._console.print(Text(told, style="dim"))
            self._live.start()
        elif event["event"] == "run.finished":
            self._live.stop()
            for line in outcome(event, self._progress.cache_summary(), self._progress.planned):
                self._console.print(Text(line), soft_wrap=True)

    def close(self) -> None:
        """Give the terminal back."""
        self._live.stop()


def plan_table(nodes: list[dict[str, Any]]) -> Table:
    """The plan: which model does each node, with which settings, where, how fast, and why."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("Node", "Model", "Settings"):
        table.add_column(title)
    timed = any(node.get("seconds") for node in nodes)
    if timed:
        table.add_column("Seconds a task", justify="right")
    table.add_column("Why")
    for node in nodes:
        model = Text(node["model"]).append(" (drawn)" if node["drawn"] else "", style="dim")
        knobs = " ".join(f"{name}={value}" for name, value in node["knobs"].items())
        time = [Text(f"{node['seconds']:.3g}" if node.get("seconds") else "?")] if timed else []
        table.add_row(Text(node["node"]), model, Text(knobs, style="dim"), *time, Text(node["reason"], style="dim"))
    return table


def picture(progress: Progress) -> RenderableType:
    """Everything that changes while a run is being made."""
    return Group(_headline(progress), _node_table(progress), *_shot_lines(progress))


def _headline(progress: Progress) -> Text:
    line = Text(printable(progress.title), style="bold", no_wrap=True, overflow="ellipsis")
    facts = [f"{clock(progress.now_s)} gone"]
    if progress.made_s:
        facts += [f"{clock(progress.made_s)} made", f"{progress.speed:.1f}x real time"]
    if progress.ttff_s is not None:
        facts.append(f"first frame {seconds(progress.ttff_s)}")
    if progress.position_s is not None:
        facts.append(f"playing {clock(progress.position_s)}, stalls {seconds(progress.stall_s)}")
    return Text("\n").append_text(line).append("\n" + "  ".join(facts), style="cyan")


def _node_table(progress: Progress) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, node in progress.nodes.items():
        expected, done = progress.expected(name), node.done
        bar = ProgressBar(total=max(expected, 1), completed=done + sum(node.busy.values()), width=20)
        table.add_row(Text(name), bar, f"{done}/{expected}", Text(_remark(node), style="dim"))
    return table


def _remark(node: NodeState) -> str:
    parts = [f"{node.seconds:.1f} s"] if node.seconds else []
    if node.busy:
        parts.append(f"{len(node.busy)} running")
    if node.hits:
        parts.append(f"{node.hits} from the cache")
    if node.skipped:
        parts.append(f"{len(node.skipped)} skipped")
    if node.retries:
        parts.append(f"{node.retries} tried again")
    return ", ".join(parts)


def _shot_lines(progress: Progress) -> list[Text]:
    return [_shot_line(shot) for _, shot in sorted(progress.shots.items())[-SHOTS:]]


def _shot_line(shot: Shot) -> Text:
    done = shot.stage in ("shown", "made")
    state = f"{shot.shown_s:.1f} s" if shot.stage == "shown" else shot.stage
    line = Text(f"{state:>10}  ", style="green" if done else "yellow", no_wrap=True, overflow="ellipsis")
    return line.append(f"{printable(shot.speaker)}: ", style="bold").append(printable(shot.text), style="default")
