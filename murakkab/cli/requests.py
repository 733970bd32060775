"""What a user asks of a run beside the inputs of its workflow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunOptions:
    """The options that all runs have.

    Attributes:
        seed: repeats an episode; None for a fresh one.
        edit: stop after the script so that the user can change it.
        llm: base URL of an OpenAI-compatible server to write with.
        server: base URL of a running ``murakkab serve`` that makes the run.
        json: print every event as one JSON line on stdout.
        quiet: show no progress.
        browser: serve the page, and open it where there is a display.
        port: of the page; None for any free one.
        cache: whether results of other runs may be used, and those of this one kept.
        use: what the planner must use, ``NODE=MODEL`` or ``NODE.KNOB=VALUE``.
        plan: file of the plan to follow; None to plan anew.
        policy: name of the queue policy; with ``server``, that one has its own.
        rungs: name of the policy that says how good each shot is made; with ``server``, that one has its own.
        runs: folder of the runs.
        broker: URL of the Redis at which workers of other machines are; empty for this machine.
        store: URL of the folder that artifacts go through where those machines share none.
        requested_at: when the command was given, in seconds since the epoch; None for the time of submission.
    """

    seed: int | None = None
    edit: bool = False
    llm: str | None = None
    server: str | None = None
    json: bool = False
    quiet: bool = False
    browser: bool = True
    port: int | None = None
    cache: bool = True
    use: tuple[str, ...] = ()
    plan: Path | None = None
    policy: str = "least-slack"
    rungs: str = "adaptive"
    runs: Path = Path("runs")
    broker: str = ""
    store: str = ""
    requested_at: float | None = None
