"""Small real runtimes for the engine's tests, installed as a third-party package would be."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError, OutOfMemory, Output, Runtime, Task


class Count(Runtime):
    """Streams ``count`` numbers, ``pause`` seconds apart."""

    continues = True

    def run(self, task: Task) -> list[int]:
        for number in range(task.first_item, task.arguments["count"]):
            time.sleep(task.arguments.get("pause", 0.0))
            _note(task, f"count {number}")
            task.emit({"number": number}, seconds=1.0)
        return []


class Double(Runtime):
    """Doubles a number into a file."""

    def run(self, task: Task) -> Output:
        time.sleep(task.arguments.get("pause", 0.0))
        _note(task, f"double {task.path[0]}")
        file = task.scratch / "doubled.txt"
        file.write_text(str(2 * task.arguments["number"]))
        return Output({"file": file})


class Sum(Runtime):
    """Adds the numbers in files to the sum before."""

    def run(self, task: Task) -> Output:
        before = task.previous["sum"] if task.previous else 0
        return Output({"sum": before + int(task.arguments["file"].read_text()), "place": list(task.path)})


class Trouble(Runtime):
    """Goes wrong in the way it is told to, as long as the file ``until`` does not exist."""

    def run(self, task: Task) -> str:
        until = Path(task.arguments["until"])
        if until.exists():
            return "fine"
        match task.arguments["how"]:
            case "input":
                raise InputError("the input is wrong: mend it")
            case "memory":
                raise OutOfMemory("a large picture does not fit")
            case "fault":
                raise RuntimeError("something broke")
            case "once":
                until.touch()
                raise RuntimeError("something broke")
            case "die":
                until.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                while not until.exists():
                    time.sleep(0.01)
                    task.progress(0.0)
            case "deaf":
                time.sleep(60)
        return "fine"


def _note(task: Task, line: str) -> None:
    """Write down that a piece of work was done, in a file that the test names."""
    if log := task.arguments.get("log"):
        with Path(log).open("a") as stream:
            stream.write(line + "\n")


class Heavy(Runtime):
    """Takes half a second to load; says when it had."""

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        time.sleep(0.5)
        self._loaded_at = time.monotonic()

    def run(self, task: Task) -> float:
        return self._loaded_at


class Seen(Runtime):
    """Tells which accelerator its process may use."""

    def run(self, task: Task) -> dict[str, str]:
        return {
            "visible": os.environ.get("CUDA_VISIBLE_DEVICES", "all"),
            "room": os.environ.get("MURAKKAB_ACCELERATOR_MB", ""),
        }


class Format(Runtime):
    """Tells the format that it was loaded in, and which load of its process that was."""

    loaded_with = ("format",)
    loads = 0

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        Format.loads += 1
        self._load = Format.loads

    def run(self, task: Task) -> dict[str, str | int]:
        return {"format": self.card.knobs["format"], "load": self._load, "asked": task.knobs.get("format", "")}
