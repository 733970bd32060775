from __future__ import annotations

import errno
import socket
from pathlib import Path

import pytest

from murakkab.cli import doctor, faults

from .conftest import Invoke

SOMETHING_TO_MAKE = ("--topic", "tides")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "at least one of --topic, --source"),
        (("--topic", "  "), "at least one of --topic, --source"),
        ((*SOMETHING_TO_MAKE, "--duration", "0"), "from 10 to 3600 s"),
        ((*SOMETHING_TO_MAKE, "--duration=-1"), "from 10 to 3600 s"),
        ((*SOMETHING_TO_MAKE, "--duration", "31536000"), "from 10 to 3600 s"),
        ((*SOMETHING_TO_MAKE, "--duration", "nan"), "duration:"),
        ((*SOMETHING_TO_MAKE, "--duration", "soon"), "duration:"),
        (("--source", "none.pdf"), "none.pdf"),
        ((*SOMETHING_TO_MAKE, "--seed", "x"), "--seed"),
        ((*SOMETHING_TO_MAKE, "--colour", "red"), "--colour"),
        ((*SOMETHING_TO_MAKE, "--server", "http://127.0.0.1:1", "--edit"), "--edit does not go with --server"),
    ],
)
def test_bad_input_says_what_to_do(invoke: Invoke, arguments: tuple[str, ...], words: str) -> None:
    answer = invoke("run", "podcast", "--no-browser", *arguments)
    assert answer.code == 2
    assert words in answer.err
    assert answer.out == ""


def test_an_unknown_workflow_names_the_nearest(invoke: Invoke) -> None:
    answer = invoke("run", "podcst")
    assert answer.code == 2
    assert "did you mean 'podcast'?" in answer.err


def test_a_broken_workflow_file_is_shown_with_its_place(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("apiVersion: murakkab/v1\nkind: Workflow\nnodez: {}\n", encoding="utf-8")
    answer = invoke("run", "bad.yaml")
    assert answer.code == 2
    assert "bad.yaml:3:1" in answer.err


def test_an_unknown_command_is_bad_usage(invoke: Invoke) -> None:
    assert invoke("runn").code == 2


@pytest.mark.parametrize("command", [("resume",), ("show",), ("runs", "rm")])
@pytest.mark.parametrize("run", ["podcast-1", "../..", "."])
def test_an_unknown_run_is_bad_usage(invoke: Invoke, command: tuple[str, ...], run: str) -> None:
    answer = invoke(*command, run)
    assert answer.code == 2
    assert f"there is no run '{run}'" in answer.err


def test_a_server_that_is_not_there(invoke: Invoke) -> None:
    answer = invoke("run", "podcast", *SOMETHING_TO_MAKE, "--server", "http://127.0.0.1:1")
    assert answer.code == 1
    assert "cannot reach http://127.0.0.1:1" in answer.err


def test_a_taken_port_is_told_before_anything_is_made(invoke: Invoke, say: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        answer = invoke("run", str(say), "--text", "hello", "--port", port)
        assert answer.code == 2
        assert f"port {port} on 127.0.0.1 is taken" in answer.err
        assert invoke("serve", "--port", port).code == 2
    assert not list(tmp_path.glob("runs/say-*"))


def test_a_folder_that_cannot_be_written(invoke: Invoke, say: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    answer = invoke("run", str(say), "--text", "hello", "--no-browser", "--runs", "file/runs")
    assert answer.code == 1
    assert "Choose another folder with --runs" in answer.err


@pytest.mark.parametrize(("code", "words"), [(errno.ENOSPC, "no space left"), (errno.EROFS, "no permission to write")])
def test_a_full_or_closed_disk_is_told_in_words(capsys: pytest.CaptureFixture[str], code: int, words: str) -> None:
    assert faults.report(OSError(code, "whatever", "runs/x")) == 1
    assert f"{words}" in (said := capsys.readouterr().err)
    assert "runs/x" in said


def test_an_unexpected_fault_leaves_its_traceback_in_a_log(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(**_: object) -> None:
        raise KeyError("something odd")

    monkeypatch.setattr(doctor, "main", fail)
    monkeypatch.setattr(doctor, "main", lambda *_, **__: fail())
    answer = invoke("doctor")
    assert answer.code == 1
    assert "unexpected fault: KeyError" in answer.err
    (log,) = (tmp_path / "state" / "murakkab").iterdir()
    assert str(log) in answer.err
    assert "something odd" in log.read_text(encoding="utf-8")
