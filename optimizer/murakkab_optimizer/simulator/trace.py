"""A simulation as a Chrome trace (chrome://tracing, Perfetto): one row a worker, one process a simulation."""

from __future__ import annotations

from typing import Any

from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler.events import path_label
from murakkab_optimizer.simulator.nouns import Recorded, Span

MICROSECONDS = 1e6


def chrome_trace(record: Recorded) -> dict[str, Any]:
    """The trace as a JSON object (Trace Event Format): spans of workers, items as they are shown, ends of runs."""
    workers = {name: number for number, name in enumerate(dict.fromkeys(span.worker for span in record.spans), 1)}
    events: list[dict[str, Any]] = [{"ph": "M", "pid": 1, "name": "process_name", "args": {"name": "simulated"}}]
    events += [
        {"ph": "M", "pid": 1, "tid": number, "name": "thread_name", "args": {"name": name}}
        for name, number in workers.items()
    ]
    events += [_span(span, workers[span.worker]) for span in record.spans]
    for now, _, commands in record.log:
        events += [_mark(f"show {c.run} {path_label(c.path)}", now) for c in commands if isinstance(c, cmd.Publish)]
    events += [_mark(f"{run} {end.status}", end.at_s) for run, end in record.ends.items()]
    return {"traceEvents": events, "displayTimeUnit": "ms", "otherData": {"simulated": True}}


def _span(span: Span, row: int) -> dict[str, Any]:
    load = not span.run
    return {
        "ph": "X",
        "pid": 1,
        "tid": row,
        "ts": span.begins * MICROSECONDS,
        "dur": (span.ends - span.begins) * MICROSECONDS,
        "name": f"load {span.node}" if load else f"{span.node} {path_label(span.path)}",
        "cat": "load" if load else span.outcome,
        "args": {"run": span.run, "threads": span.threads, "outcome": span.outcome},
    }


def _mark(name: str, at_s: float) -> dict[str, Any]:
    return {"ph": "i", "s": "p", "pid": 1, "tid": 0, "ts": at_s * MICROSECONDS, "name": name}
