"""Code behind walls: what is right passes, and hostile programs get nowhere."""

import os
import socket
import time
from pathlib import Path

import msgspec
import pytest

from murakkab_runtimes.base import Cancelled, InputError, Task, runtime_class
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.tools import confined, sandbox

TESTS = "assert f(2) == 4\nassert f(3) == 6\n"


@pytest.fixture
def run(tmp_path):
    adapter = runtime_class("sandbox")(load_catalog()["sandbox"], 1)

    def go(code, tests=TESTS, **more):
        value = adapter.run(Task({"code": code, "tests": tests, "seconds": 1, **more}, tmp_path)).value
        assert list(tmp_path.iterdir()) == []
        assert value["guarded"]
        return value

    return go


def test_right_code_passes(run):
    value = run("print('hello')\ndef f(x): return 2 * x")
    assert (value["passed"], value["score"], value["tests"], value["failures"]) == (True, 1.0, 2, [])
    assert value["output"] == "hello\n"


def test_a_failure_says_what_came_and_what_was_wanted(run):
    value = run("def f(x): return x + 2")
    assert (value["passed"], value["score"], value["failures"]) == (False, 0.5, ["f(3) gave 5, not 6"])


def test_functions_are_tests_and_the_solution_can_be_imported(run, tmp_path):
    file = tmp_path.parent / "checks.py"
    file.write_text(
        "from solution import f\nimport math\ndef test_one():\n    assert f(1) == 2\ndef test_two():\n    1 / 0\n"
    )
    value = run("def f(x): return 2 * x", file)
    assert (value["tests"], value["failures"]) == (2, ["test_two: ZeroDivisionError: division by zero"])


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("def f(x) return x", "SyntaxError"),
        ("def g(x): return x", "NameError"),
        ("def f(x): raise SystemExit(0)", "SystemExit"),
        ("import os\nos._exit(0)", "ended before its tests"),
        ("def f(x):\n    while True: pass", "processor time|did not end"),
        (
            "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\ndef f(x):\n    while True: pass",
            "processor time|did not end",
        ),
        ("def f(x): return f(x)", "RecursionError"),
        ("def f(x): return bytearray(2**33)", "MemoryError"),
        ("def f(x):\n    a = [0]\n    while True: a = a + a", "MemoryError|did not end"),
        ("def f(x):\n    while True: print('x' * 1000)", "printed more than"),
        ("import os\ndef f(x):\n    while True: os.fork()", "PermissionError"),
        ("import os\ndef f(x): return os.system('id')", "gave|Error"),
        ("import os\ndef f(x): os.execv('/bin/sh', ['sh'])", "PermissionError"),
        ("import os\ndef f(x): os.posix_spawn('/bin/id', ['id'], {})", "Error"),
        ("import threading\ndef f(x): threading.Thread(target=print).start()", "Error"),
        ("import os\ndef f(x): os.kill(os.getppid() or 1, 9)", "PermissionError"),
        ("import os\ndef f(x): os.killpg(0, 9)", "PermissionError"),
        ("def f(x): return open('/etc/passwd').read()", "PermissionError"),
        ("def f(x): return open('left.txt', 'w')", "PermissionError"),
        ("import os\ndef f(x): return os.listdir('/')", "PermissionError"),
        ("import os\ndef f(x): os.mkdir('/tmp/left')", "PermissionError"),
        ("import os\ndef f(x): os.chmod('/', 0o777)", "PermissionError"),
        ("import os\ndef f(x): os.setuid(0)", "PermissionError"),
        ("import _socket\ndef f(x): _socket.socket()", "Error"),
        ("import socket", "ModuleNotFoundError"),
        ("import ctypes\ndef f(x): return ctypes.CDLL(None).socket(2, 1, 0)", "gave -1"),
        ("import ctypes\ndef f(x): return ctypes.CDLL(None).ptrace(16, 1, 0, 0)", "gave -1"),
        ("import resource\ndef f(x): resource.setrlimit(resource.RLIMIT_CPU, (9, 9))", "Error"),
        (
            "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'junk\\n')\n    except OSError: pass",
            "NameError",
        ),
        ("import time\ndef f(x): time.sleep(60)", "did not end within"),
        ("\0", "ValueError|SyntaxError"),
        ("(" * 50_000, "Error"),
    ],
)
def test_hostile_and_broken_code_fails_and_harms_nothing(run, monkeypatch, code, told):
    monkeypatch.setattr(sandbox, "WALL", 2.0)
    began = time.monotonic()
    value = run(code)
    assert not value["passed"]
    assert any(part in " ".join(value["failures"]) for part in told.split("|"))
    assert len(value["output"]) <= sandbox.OUTPUT
    assert time.monotonic() - began < 30
    assert not Path("/tmp/left").exists()


def test_the_environment_is_empty(run, monkeypatch):
    monkeypatch.setenv("MURAKKAB_LLM_KEY", "a-secret")
    value = run("import os\ndef f(x): return sorted(os.environ)")
    assert "LC_ALL" in value["failures"][0]
    assert "MURAKKAB" not in str(value)


def test_the_file_descriptors_of_the_worker_are_closed(run):
    with socket.socket() as mine:
        mine.bind(("127.0.0.1", 0))
        os.set_inheritable(mine.fileno(), True)
        assert not run(f"import os\ndef f(x): return os.fstat({mine.fileno()})")["passed"]


def test_it_stops_when_it_is_told_to(tmp_path):
    adapter = runtime_class("sandbox")(load_catalog()["sandbox"], 1)

    def progress(done):
        raise Cancelled

    code = "def f(x):\n    while True: pass"
    with pytest.raises(Cancelled):
        adapter.run(Task({"code": code, "tests": TESTS}, tmp_path, on_progress=progress))
    assert list(tmp_path.iterdir()) == []


def test_without_walls_nothing_is_run_unless_the_card_allows_it(tmp_path, monkeypatch):
    script = tmp_path.parent / "unwalled.py"
    script.write_text(Path(confined.__file__).read_text().replace("_SECCOMP, 2", "_SECCOMP, 77"))
    monkeypatch.setattr(sandbox, "_SCRIPT", script)
    card = load_catalog()["sandbox"]
    task = Task({"code": "def f(x): return 2 * x", "tests": TESTS}, tmp_path)
    with pytest.raises(Exception, match="cannot be confined here"):
        runtime_class("sandbox")(card, 1).run(task)
    loose = msgspec.structs.replace(card, options={"allow_unguarded": True})
    value = runtime_class("sandbox")(loose, 1).run(task).value
    assert (value["passed"], value["guarded"]) == (True, False)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"tests": TESTS}, "'code'"),
        ({"code": "x"}, "'tests'"),
        ({"code": "x", "tests": "def ("}, "no Python"),
        ({"code": "x", "tests": "print(1)"}, "no test"),
        ({"code": "x", "tests": TESTS, "seconds": 0}, "'seconds'"),
        ({"code": "x", "tests": TESTS, "memory_mb": "all"}, "'memory_mb'"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, arguments, told):
    adapter = runtime_class("sandbox")(load_catalog()["sandbox"], 1)
    with pytest.raises(InputError, match=told):
        adapter.run(Task(arguments, tmp_path))
