"""Runs code and its tests in a process that can do nothing else. A script of its own: it imports nothing of murakkab.

It reads one JSON object from standard input (``code``, ``tests``, ``limits``, ``results``, ``guard``), loads the
modules that the code may import, gives up every right that it does not need, and only then runs the code. What the
code prints goes to standard output; what became of each test goes to the file descriptor ``results``, one JSON object
a line.

The kernel holds the walls (seccomp): an allow-list of system calls with which a program can compute, take memory,
read the clock and write to descriptors that are already open. There is no open, socket, fork, exec, kill or ptrace in
it, so there are no files, no network, no processes and no signals to others, whatever the code does.
"""

from __future__ import annotations

import ast
import functools
import importlib
import io
import json
import os
import platform
import sys
import types
from collections.abc import Callable
from typing import Any

MODULES = (  # noqa: SIM905 - a list would be long
    "abc array bisect calendar cmath collections collections.abc contextlib copy dataclasses datetime decimal difflib "
    "enum fractions functools hashlib heapq inspect io itertools json linecache math numbers operator pprint queue "
    "random re statistics string struct textwrap time traceback types typing unicodedata unittest zlib"
).split()
"""Modules of the standard library that the code finds loaded; it can load no other."""

_CALLS = {
    "x86_64": (
        0xC000003E,
        (0, 1, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 28, 35, 39, 60, 96, 98, 100, 131, 186, 201, 202, 219, 228,
         229, 230, 231, 318),
    ),
    "aarch64": (
        0xC00000B7,
        (57, 62, 63, 64, 80, 93, 94, 98, 101, 113, 114, 115, 124, 128, 132, 134, 135, 139, 153, 165, 169, 172, 178, 214,
         215, 216, 222, 226, 233, 278),
    ),
}  # fmt: skip
"""By processor, its number for the kernel's filter and the calls that are allowed: read, write, close, fstat, lseek,
mmap, mprotect, munmap, mremap, madvise, brk, the handling of own signals, clocks, sleep, getpid, gettid, getrusage,
times, futex, sched_yield, getrandom and exit (Linux, unistd_64.h and asm-generic/unistd.h)."""

_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000
_NO_NEW_PRIVILEGES, _SECCOMP, _DEATH_SIGNAL = 38, 22, 1


class Failed(AssertionError):
    """An assertion that did not hold, with both sides in its message."""


def confine(limits: dict[str, int]) -> None:
    """Bound what the process may use and drop every right that is not needed to compute.

    Raises:
        OSError: the kernel cannot hold the walls.
    """
    import ctypes
    import resource

    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "linux":
        libc.prctl(_DEATH_SIGNAL, 9, 0, 0, 0)
    for name, value in limits.items():
        number = getattr(resource, f"RLIMIT_{name}", None)
        if number is not None:
            resource.setrlimit(number, (value, value + 1 if name == "CPU" else value))


def wall_in() -> None:
    """Allow the calls of ``_CALLS`` only; OSError where the kernel or the processor is another one."""
    import ctypes

    if sys.platform != "linux" or platform.machine() not in _CALLS:
        raise OSError("there is no seccomp filter for this system")
    number, calls = _CALLS[platform.machine()]

    class Step(ctypes.Structure):
        _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.POINTER(Step)))

    steps = [Step(_LOAD, 0, 0, 4), Step(_EQUAL, 1, 0, number), Step(_RETURN, 0, 0, _KILL), Step(_LOAD, 0, 0, 0)]
    for call in calls:
        steps += [Step(_EQUAL, 0, 1, call), Step(_RETURN, 0, 0, _ALLOW)]
    steps.append(Step(_RETURN, 0, 0, _REFUSE))
    program = Program(len(steps), (Step * len(steps))(*steps))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(_SECCOMP, 2, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel takes no seccomp filter")


class Reporter:
    """Tells what becomes of the tests, one JSON object a line."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __call__(self, **facts: object) -> None:
        """Write one line."""
        os.write(self._descriptor, json.dumps(facts).encode() + b"\n")


def told(fault: BaseException) -> str:
    """A fault in one line, with the line of the code where it happened."""
    place = ""
    if isinstance(fault, SyntaxError):
        place, message = f" (line {fault.lineno})", str(fault.msg)
    else:
        trace, message = fault.__traceback__, str(fault)
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == "solution.py":
                place = f" (line {trace.tb_lineno})"
            trace = trace.tb_next
    if isinstance(fault, Failed):
        return message[:300]
    return f"{type(fault).__name__}{': ' if message else ''}{message}"[:300] + place


def units(tests: str) -> list[tuple[str, ast.stmt]]:
    """The top-level statements of the tests, each with its text."""
    tree = ast.parse(tests, "tests.py")
    return [(ast.unparse(node), node) for node in tree.body]


def claim(node: ast.Assert, space: dict[str, Any]) -> None:
    """Check one assertion; where it compares two things, say both."""
    test = node.test
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        if not _value(test, space):
            raise Failed(f"{ast.unparse(test)} does not hold")
        return
    got, wanted = _value(test.left, space), _value(test.comparators[0], space)
    if not got == wanted:
        raise Failed(f"{ast.unparse(test.left)} gave {_short(got)}, not {_short(wanted)}")


def _value(node: ast.expr, space: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever the code gives
    return eval(compile(ast.Expression(node), "tests.py", "eval"), space)  # noqa: S307


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def attempt(name: str, work: Callable[[], object], report: Reporter) -> None:
    """Run one test and tell how it ended; nothing that it raises gets out."""
    report(test=name)
    try:
        work()
    except BaseException as fault:
        report(failed=name, why=told(fault))


def run_tests(tests: str, space: dict[str, Any], report: Reporter) -> None:
    """Run every ``assert`` and every function ``test_...`` of the tests; the rest prepares them."""
    for text, node in units(tests):
        if isinstance(node, ast.Assert):
            attempt(text[:200], functools.partial(claim, node, space), report)
            continue
        try:
            exec(compile(ast.Module([node], []), "tests.py", "exec"), space)  # noqa: S102
        except BaseException as fault:
            report(test=text[:200])
            report(failed=text[:200], why=told(fault))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            attempt(node.name, space[node.name], report)


def main() -> None:
    """Read the request, wall the process in, run."""
    request = json.loads(sys.stdin.buffer.read())
    report = Reporter(request["results"])
    for name in MODULES:
        importlib.import_module(name)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), encoding="utf-8", errors="replace", write_through=True)
    confine(request["limits"])
    try:
        wall_in()
        report(guarded=True)
    except OSError as fault:
        report(guarded=False, why=str(fault))
        if request["guard"]:
            return
    sys.path.clear()
    solution = types.ModuleType("solution")
    sys.modules["solution"] = solution
    space = vars(solution)
    try:
        exec(compile(request["code"], "solution.py", "exec"), space)  # noqa: S102
    except BaseException as fault:
        report(broken=told(fault))
    else:
        run_tests(request["tests"], space, report)
    report(done=True)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
