"""What went wrong: in words, and as events."""

from __future__ import annotations

import contextlib
import traceback
from pathlib import Path

import msgspec

from murakkab_optimizer.scheduler import Command, Event
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev
from murakkab_runtimes.artifacts import no_room


def undone(command: cmd.StartTask | cmd.LoadModel, reason: str) -> ev.TaskFailed | ev.ModelLoaded:
    """What becomes of a command that did not reach its worker: the worker is free."""
    if isinstance(command, cmd.StartTask):
        return ev.TaskFailed(command.lease, reason, retry=False)
    return ev.ModelLoaded(command.worker, command.model, reason)


def explained(fault: Exception, written: Path | None, logs: Path) -> str:
    """Words for whatever went wrong; the trace of what nobody foresaw is kept.

    Args:
        fault: what was raised.
        written: folder of the run that is concerned, None for no run.
        logs: folder that takes the trace.
    """
    if isinstance(fault, OSError) and no_room(fault) and written is not None:
        return unwritten(written, fault)
    log = logs / "faults.log"
    with contextlib.suppress(OSError), log.open("a", encoding="utf-8") as stream:
        traceback.print_exception(fault, file=stream)
    return f"unexpected fault: {type(fault).__name__}: {fault}; the details are in {log}"


def unwritten(folder: Path, fault: OSError) -> str:
    """Words for a run whose folder takes nothing."""
    return f"cannot write to {folder}: {fault.strerror}: free some space, then resume the run"


def as_told(event: Event, commands: list[Command]) -> Event:
    """The event as people see it: what fails the run is not tried again."""
    if isinstance(event, ev.TaskFailed) and any(isinstance(command, cmd.FinishRun) for command in commands):
        return msgspec.structs.replace(event, retry=False)
    return event
