"""Adapter ``sandbox``: code runs against its tests in a process of its own, behind walls (see ``confined``)."""

from __future__ import annotations

import ast
import json
import os
import selectors
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError, Output, Runtime, Task, Unavailable

SECONDS, MOST_SECONDS = 2, 60
"""Processor time of one run where nothing is said, and at most."""
WALL = 4.0
"""Seconds by the clock beyond the processor time, which a busy machine may need."""
MEMORY_MB, MOST_MEMORY_MB = 256, 4096
OUTPUT = 16_384
"""Bytes that the code may print."""
REPORT = 1_000_000
"""Bytes of what is told of the tests."""
MOST_TEXT = 200_000
"""Characters of code and of tests."""
SHOWN_FAILURES = 8

_SCRIPT = Path(__file__).with_name("confined.py")


class Sandbox(Runtime):
    """Runs ``code`` against ``tests`` and says which of them fail."""

    def __init__(self, card: ModelCard, threads: int) -> None:
        super().__init__(card, threads)
        if os.name != "posix":
            raise Unavailable("code is run on Linux and macOS only")
        self._guard = not card.options.get("allow_unguarded", False)

    def run(self, task: Task) -> Output:
        """Run ``code`` (text), then each assertion and each function ``test_...`` of ``tests`` (text or a file).

        ``seconds`` (processor time) and ``memory_mb`` bound the run.

        Returns:
            ``{"passed", "score", "tests", "failures", "output", "seconds", "code", "guarded"}``: whether all tests
            hold, the share that does, their number, one line for each that does not, what was printed, time by the
            clock, the code, and whether the kernel held the walls.

        Raises:
            InputError: there is no code, or the tests are no Python or none at all.
            Unavailable: the kernel cannot hold the walls, and the model card does not allow to go without.
        """
        values = task.arguments
        code, tests = values.get("code"), _tests(values.get("tests"))
        if not isinstance(code, str) or len(code) > MOST_TEXT:
            raise InputError(f"code-execution needs 'code', a text of at most {MOST_TEXT} characters")
        seconds = _whole(values, "seconds", SECONDS, MOST_SECONDS)
        memory = _whole(values, "memory_mb", MEMORY_MB, MOST_MEMORY_MB)
        run = Run(_limits(seconds, memory), seconds + WALL)
        run.do(task, {"code": code, "tests": tests, "guard": self._guard})
        if not run.guarded and self._guard:
            why = run.unguarded or run.stopped or run.output.decode(errors="replace").strip()[-200:] or "no process"
            raise Unavailable(f"code cannot be confined here: {why}")
        return Output(run.verdict(seconds, memory) | {"code": code, "guarded": run.guarded})


def _tests(tests: object) -> str:
    """The tests as a text that is Python and holds at least one test."""
    text = tests.read_text(errors="replace")[: MOST_TEXT + 1] if isinstance(tests, Path) else tests
    if not isinstance(text, str) or len(text) > MOST_TEXT:
        raise InputError(f"code-execution needs 'tests', a Python file or text of at most {MOST_TEXT} characters")
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as fault:
        raise InputError(f"the tests are no Python ({fault}); write 'assert f(1) == 2' or functions test_...") from None
    found = [n for n in tree.body if isinstance(n, ast.Assert) or getattr(n, "name", "").startswith("test")]
    if not found:
        raise InputError("there is no test; write lines such as 'assert f(1) == 2' or functions test_...")
    return text


def _whole(values: Any, name: str, usual: int, most: int) -> int:  # noqa: ANN401 - a mapping of any values
    value = values.get(name)
    if value is None:
        return usual
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= most:
        raise InputError(f"'{name}' must be a number from 1 to {most}")
    return int(value)


def _limits(seconds: int, memory_mb: int) -> dict[str, int]:
    return {"CPU": seconds, "AS": memory_mb * 2**20, "FSIZE": 0, "CORE": 0, "NOFILE": 16, "NPROC": 0, "MEMLOCK": 0}


@dataclass
class Run:
    """One run: what was heard of it.

    Args:
        limits: of the process, named as in ``resource``.
        wall_s: seconds by the clock after which it is ended.
    """

    limits: dict[str, int]
    wall_s: float
    begun: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    broken: str = ""
    done: bool = False
    guarded: bool = False
    unguarded: str = ""
    stopped: str = ""
    output: bytes = b""
    seconds: float = 0.0
    code: int = 0

    def do(self, task: Task, request: dict[str, Any]) -> None:
        """Start the process, follow it and end it; Cancelled passes once it is ended."""
        reading, writing = os.pipe()
        began = time.monotonic()
        folder = task.scratch / "empty"
        folder.mkdir(exist_ok=True)
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", str(_SCRIPT)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder,
            env={"LC_ALL": "C.UTF-8"}, pass_fds=(writing,), start_new_session=True,
        )  # fmt: skip
        os.close(writing)
        try:
            self._follow(task, process, json.dumps(request | {"limits": self.limits, "results": writing}), reading)
        finally:
            process.kill()
            self.code = process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            os.close(reading)
            folder.rmdir()
            self.seconds = time.monotonic() - began

    def _follow(self, task: Task, process: subprocess.Popen[bytes], request: str, results: int) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(request.encode())
            process.stdin.close()
        except BrokenPipeError:
            return
        end, told = time.monotonic() + self.wall_s, b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            selector.register(results, selectors.EVENT_READ)
            while selector.get_map() and not self.stopped:
                task.progress(0.0)
                for key, _ in selector.select(0.1):
                    piece = os.read(key.fd, 65536)
                    if not piece:
                        selector.unregister(key.fileobj)
                    elif key.fd == results:
                        told += piece
                    else:
                        self.output += piece
                self.stopped = self._excess(end, len(told))
        self.output = self.output[:OUTPUT]
        self._read(told)

    def _excess(self, end: float, told: int) -> str:
        if len(self.output) > OUTPUT:
            return f"it printed more than {OUTPUT} bytes"
        if told > REPORT:
            return "its tests told too much"
        return f"it did not end within {self.wall_s:g} s" if time.monotonic() > end else ""

    def _read(self, told: bytes) -> None:
        for line in told[:REPORT].splitlines():
            try:
                facts = json.loads(line)
            except ValueError:
                continue
            if isinstance(facts, dict):
                self._take(facts)

    def _take(self, facts: dict[str, Any]) -> None:
        if "guarded" in facts:
            self.guarded, self.unguarded = facts["guarded"] is True, str(facts.get("why", ""))
        elif "test" in facts:
            self.begun.append(str(facts["test"])[:200])
        elif "failed" in facts:
            self.failed[str(facts["failed"])[:200]] = str(facts.get("why", ""))[:300]
        elif "broken" in facts:
            self.broken = str(facts["broken"])[:300]
        elif "done" in facts:
            self.done = True

    def verdict(self, seconds: int, memory_mb: int) -> dict[str, Any]:
        """What became of the tests, in the shape that ``Sandbox.run`` tells."""
        failures = [self.broken] if self.broken else [_line(test, why) for test, why in self.failed.items()]
        if not self.done or self.stopped:
            failures.append(self._end(seconds, memory_mb))
        held = len(self.begun) - len(self.failed) - (not self.done)
        passed = self.done and not failures and bool(self.begun)
        return {
            "passed": passed,
            "score": round(max(0, held) / len(self.begun), 4) if self.begun and not self.broken else 0.0,
            "tests": len(self.begun),
            "failures": failures[:SHOWN_FAILURES],
            "output": self.output.decode(errors="replace"),
            "seconds": round(self.seconds, 3),
        }

    def _end(self, seconds: int, memory_mb: int) -> str:
        """Why the process ended before its tests did."""
        during = f"{self.begun[-1]}: " if self.begun else ""
        if self.stopped:
            return during + self.stopped
        if -self.code in (24, 9):
            return f"{during}it took more than {seconds} s of processor time"
        if self.code < 0:
            return f"{during}it crashed (signal {-self.code}); it may use {memory_mb} MB"
        return f"{during}it ended before its tests did"


def _line(test: str, why: str) -> str:
    return why if test.startswith("assert") and " gave " in why else f"{test}: {why}"
