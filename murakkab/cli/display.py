"""Where the events of a run go: JSON lines, a live picture of the terminal, a few plain lines, or nowhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, Protocol

import typer

from murakkab.cli.progress import Event, Progress
from murakkab.cli.requests import RunOptions
from murakkab.cli.results import output_lines
from murakkab.cli.wording import expected, failure, outcome, printable
from murakkab.outputs import told_outputs

FINISHED_KEYS = (
    "event",
    "status",
    "run",
    "ttff_s",
    "first_content_s",
    "first_speech_s",
    "stall_s",
    "measured_by",
    "duration_s",
    "made_in_s",
    "video",
    "playlist",
    "report",
    "outputs",
)


class Sink(Protocol):
    """Takes the events of one run."""

    def show(self, event: Event) -> None:
        """Take the next event."""

    def close(self) -> None:
        """No more events will come."""


def open_sinks(options: RunOptions) -> list[Sink]:
    """Return the sinks that the options and the terminal call for."""
    results: Sink = JsonLines() if options.json else Outputs(typer.echo)
    if options.quiet:
        return [Failures(), results]
    if sys.stderr.isatty():
        from murakkab.cli.live import LiveDisplay

        return [LiveDisplay(), results]
    return [PlainLines(lambda line: typer.echo(line, err=True)), results]


class JsonLines:
    """One JSON object a line on stdout; the last has the keys of ``FINISHED_KEYS``, and the error if there is one."""

    def show(self, event: Event) -> None:
        """Print the event."""
        print(json.dumps(_outward(event), ensure_ascii=True), flush=True)

    def close(self) -> None:
        """Nothing is held back."""


def _outward(event: Event) -> dict[str, Any]:
    if event["event"] != "run.finished":
        return event
    plain = {key: event.get(key) for key in FINISHED_KEYS}
    return {**plain, "error": event["error"]} if event.get("error") else plain


class Outputs:
    """The outputs of a run that are no video, on stdout.

    Args:
        write: takes one line.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def show(self, event: Event) -> None:
        """Print the outputs of a run that succeeded."""
        if event["event"] == "run.finished" and event["status"] == "succeeded":
            for line in output_lines(told_outputs(event)):
                self._write(line)

    def close(self) -> None:
        """Nothing is held back."""


class Failures:
    """Says nothing but why a run failed."""

    def show(self, event: Event) -> None:
        """Print the reason of a failure."""
        if event["event"] == "run.finished" and (reason := failure(event)):
            typer.echo(reason, err=True)

    def close(self) -> None:
        """Nothing is held back."""


class PlainLines:
    """A few lines for logs and pipes.

    Args:
        write: takes one line.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._progress = Progress()

    def show(self, event: Event) -> None:
        """Write a line where the event is a step that people wait for."""
        self._progress.add(event)
        for line in self._lines(event):
            self._write(line)

    def close(self) -> None:
        """Nothing is held back."""

    def _lines(self, event: Event) -> list[str]:
        match event["event"]:
            case "run.submitted" | "run.resumed":
                return [f"Run {event['run']}: {printable(self._progress.title)}"]
            case "run.planned":
                plan = "Plan: " + ", ".join(f"{n['node']}={n['model']}" for n in event["nodes"] if n["model"])
                return [plan, *expected(event)]
            case "run.replanned" | "run.waiting":
                from murakkab.engine.plan_news import told

                return [printable(told(event))]
            case "run.first_segment":
                return [f"First segment playable after {event['ttff_s']:.1f} s"]
            case "task.failed" if event["retry"]:
                return [f"Trying {event['node']} again: {printable(event['error'])}"]
            case "run.finished":
                return outcome(event, self._progress.cache_summary(), self._progress.planned)
        return []
