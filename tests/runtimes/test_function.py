"""Python functions as steps: arguments, results, streams, errors, modules beside the file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Cancelled, InputError, RuntimeFault, Task
from murakkab_runtimes.tools.function import Function

TOOLS = """
from __future__ import annotations
import asyncio, dataclasses, datetime, random
from pathlib import Path
from pydantic import BaseModel

class Point(BaseModel):
    x: int
    y: float = 0.5

@dataclasses.dataclass
class Pair:
    left: Point
    file: Path

def add(a: int, b: int = 1) -> int:
    return a + b

def shift(point: Point, by: int) -> Point:
    assert isinstance(point, Point)
    return Point(x=point.x + by)

def files(text: str) -> Pair:
    Path("out.txt").write_text(text)
    return Pair(Point(x=1), Path("out.txt"))

def count(n: int):
    for i in range(n):
        yield {"number": i}
    return {"total": n}

async def later(n: int):
    await asyncio.sleep(0)
    return n

async def slowly(n: int):
    for i in range(n):
        await asyncio.sleep(0)
        yield i

def mixed():
    return {"day": datetime.date(2026, 1, 2), "set": {3}, 4: (1, None)}

def chance():
    return random.random()

def broken(n: int):
    return Point(x="no")

def wrong():
    raise ValueError("no luck")

def leave():
    raise SystemExit(3)

def interrupt():
    raise KeyboardInterrupt

async def give_up():
    raise asyncio.CancelledError

def odd():
    return object()

def lost():
    return Path("nowhere.txt")

def helped():
    import helper
    return helper.NAME

def onward(n: int, previous: int | None = None):
    return n + (previous or 0)

NUMBER = 3
"""


@pytest.fixture
def function() -> Function:
    return Function(ModelCard("function", "function", "function", "", "", ""), 1)


@pytest.fixture
def call(tmp_path: Path, function: Function):
    folder = tmp_path / "users"
    folder.mkdir()
    (folder / "tools.py").write_text(TOOLS)

    def run(name: str, *, tools: Path = folder / "tools.py", on_item=None, before: Any = None, **arguments: Any) -> Any:
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        spec = {"file": tools, "name": name}
        task = Task({"function": spec, "arguments": arguments}, scratch, seed=1, on_item=on_item, previous=before)
        return function.run(task).value

    return run


def test_arguments_are_converted_by_their_annotations(call) -> None:
    assert call("add", a="2") == 3
    assert call("shift", point={"x": 1}, by=2) == {"x": 3, "y": 0.5}


def test_results_become_json_and_files(call, tmp_path: Path) -> None:
    value = call("files", text="hello")
    assert value["left"] == {"x": 1, "y": 0.5}
    assert value["file"] == tmp_path / "scratch" / "out.txt"
    assert value["file"].read_text() == "hello"
    assert call("mixed") == {"day": "2026-01-02", "set": [3], "4": [1, None]}


def test_generators_stream_and_their_return_value_is_the_value(call) -> None:
    items: list[Any] = []
    assert call("count", n=3, on_item=lambda value, meta: items.append(value)) == {"total": 3}
    assert items == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert call("later", n=4) == 4
    assert call("slowly", n=2, on_item=lambda value, meta: items.append(value)) is None
    assert items[3:] == [0, 1]


def test_a_stream_that_is_told_to_stop_stops(call) -> None:
    def stop(value: Any, meta: Any) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        call("count", n=3, on_item=stop)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("add", {"a": "two"}, r"add\(\): argument 'a': .*valid integer.*, got 'two'"),
        ("add", {}, r"add\(\): the argument 'a' is missing"),
        ("add", {"a": 1, "c": 2}, r"add\(\): there is no argument 'c'"),
        ("minus", {}, r"tools.py has no function 'minus'"),
        ("NUMBER", {}, r"tools.py has no function 'NUMBER'"),
        ("odd", {}, "gave a object, which is no JSON"),
        ("lost", {}, "the path nowhere.txt, and there is no such file"),
    ],
)
def test_faults_of_the_workflow_are_not_tried_again(call, name: str, arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call(name, **arguments)


def line_of(text: str) -> int:
    return TOOLS.split("\n").index(text) + 1


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("wrong", '    raise ValueError("no luck")', "ValueError: no luck"),
        ("broken", '    return Point(x="no")', "ValidationError"),
        ("leave", "    raise SystemExit(3)", "SystemExit: 3"),
        ("interrupt", "    raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("give_up", "    raise asyncio.CancelledError", "CancelledError"),
    ],
)
def test_a_fault_of_the_function_says_where(call, name: str, line: str, message: str) -> None:
    arguments = {"n": 1} if name == "broken" else {}
    with pytest.raises(RuntimeFault, match=rf"{name}\(\) failed at tools.py:{line_of(line)}: {message}") as caught:
        call(name, **arguments)
    assert caught.value.retry


def test_a_file_that_is_no_python_says_where(call, tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("x = 1\ndef f(:\n")
    with pytest.raises(InputError, match=r"cannot load bad.py: bad.py:2: invalid syntax"):
        call("f", tools=bad)
    bad.write_text("import there_is_no_such_module\n")
    with pytest.raises(InputError, match=r"bad.py:1: ModuleNotFoundError: No module named 'there_is_no_such_module'"):
        call("f", tools=bad)
    bad.write_text("raise SystemExit('bye')\n")
    with pytest.raises(InputError, match=r"cannot load bad.py: bad.py:1: SystemExit: bye"):
        call("f", tools=bad)


def test_modules_beside_the_file_are_found_each_folder_its_own_and_edits_count(call, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "tools.py").write_text(TOOLS)
    (tmp_path / "users" / "helper.py").write_text("NAME = 'users'")
    (other / "helper.py").write_text("NAME = 'other'")
    before = set(sys.path), Path.cwd()
    assert call("helped") == "users"
    assert call("helped", tools=other / "tools.py") == "other"
    assert call("helped") == "users"
    (tmp_path / "users" / "helper.py").write_text("NAME = 'edited'")
    os.utime(tmp_path / "users" / "helper.py", ns=(1, 1))
    assert call("helped") == "edited"
    assert "helper" not in sys.modules
    assert (set(sys.path), Path.cwd()) == before


def test_in_a_join_a_function_is_given_what_it_returned_before(call) -> None:
    assert [call("onward", n=1), call("onward", n=1, before=4), call("onward", n=1, before=4, previous=7)] == [1, 5, 8]


def test_a_function_whose_folder_is_on_another_machine_runs_from_its_copy(function: Function, tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text("def f():\n    return __file__")
    spec = {"file": tmp_path / "tools.py", "folder": "/there/is/no/such/folder", "name": "f"}
    assert function.run(Task({"function": spec}, tmp_path)).value == str(tmp_path / "tools.py")


def test_chance_is_that_of_the_run(call) -> None:
    assert call("chance") == call("chance")


def test_a_function_of_an_installed_module(function: Function, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(module: str, name: str) -> Any:
        return function.run(Task({"function": {"module": module, "name": name}, "arguments": {"x": 4}}, tmp_path)).value

    assert run("tests.runtimes.test_function", "twice") == 8
    with pytest.raises(InputError, match="no module 'murakkab_nothing'"):
        run("murakkab_nothing.tools", "f")
    (tmp_path / "leaves_at_once.py").write_text("raise SystemExit('bye')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match=r"cannot load leaves_at_once: leaves_at_once.py:1: SystemExit: bye"):
        run("leaves_at_once", "f")


def twice(x: int) -> int:
    return 2 * x
