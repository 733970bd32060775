"""Runs by id, by the beginning of an id and without one; which of them ``runs gc`` removes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from murakkab.engine import RunRecord, RunStore

from .conftest import Invoke

BYTES = 50_000


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """Three runs in ``runs``: two that succeeded, the later one without a video, and between them one that failed."""
    store = RunStore(tmp_path / "runs")
    for run, status, length in (
        ("one-1-aa", "succeeded", 12.0),
        ("one-2-bb", "failed", 0.0),
        ("two-3-cc", "succeeded", 0.0),
    ):
        created = f"2026-01-01T00:00:0{run[4]}Z"
        folder = store.create(
            RunRecord(run, run[:3], created, status, f"Title of {run}", duration_s=length, made_in_s=1.5)
        )
        (folder / "artifacts" / "x").write_bytes(b"x" * BYTES)
        (folder / "events.jsonl").touch()
    return store


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("said", "meant"), [((), "two-3-cc"), (("two",), "two-3-cc"), (("one-2",), "one-2-bb"), (("one-1-aa",), "one-1-aa")]
)
def test_a_run_is_named_by_its_id_by_how_that_begins_or_not_at_all(
    invoke: Invoke, said: tuple[str, ...], meant: str
) -> None:
    answer = invoke("show", *said)
    assert answer.code == 0, answer.err
    assert answer.out.startswith(f"Title of {meant}\n")


def test_show_tells_what_became_of_the_plan(invoke: Invoke, store: RunStore) -> None:
    changes = [{"node": "speech", "before": "joe", "after": "ann"}]
    events = (
        {
            "event": "run.replanned",
            "t": 4.25,
            "reason": "no worker has joe\x1b any more",
            "changes": changes,
            "nodes": [],
        },
        {"event": "run.waiting", "t": 9.0, "reason": "no worker has ann", "nodes": ["speech"]},
    )
    lines = (json.dumps({"run": "one-1-aa", "seq": number, **event}) for number, event in enumerate(events, 1))
    (store.folder("one-1-aa") / "events.jsonl").write_text("".join(f"{line}\n" for line in lines))
    told = invoke("show", "one-1").out
    assert "After 4.2 s: New plan: no worker has joe\N{REPLACEMENT CHARACTER} any more (speech: joe to ann)\n" in told
    assert "After 9.0 s: Waiting: no worker has ann\n" in told


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("one",), "2 runs begin with 'one': one-1-aa, one-2-bb"),
        (("three",), "there is no run 'three'"),
        (("",), "there is no run ''"),
        (("../runs/one",), "there is no run"),
        (("--runs", "elsewhere"), "there are no runs in elsewhere"),
    ],
)
@pytest.mark.parametrize("command", ["show", "resume"])
def test_what_names_no_single_run_is_refused(invoke: Invoke, command: str, said: tuple[str, ...], told: str) -> None:
    answer = invoke(command, *said)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err


@pytest.mark.usefixtures("store")
def test_a_run_that_shows_nothing_has_no_length(invoke: Invoke) -> None:
    lengths = {line.split()[0]: line.split()[2] for line in invoke("runs").out.splitlines()[1:]}
    assert lengths == {"one-1-aa": "12.0", "one-2-bb": "-", "two-3-cc": "-"}


def left(store: RunStore) -> set[str]:
    return {record.run for record in store.list()}


def test_gc_keeps_what_could_be_resumed(invoke: Invoke, store: RunStore) -> None:
    answer = invoke("runs", "gc", "--budget", f"{2.5 * BYTES / 1000:.0f}K")
    assert "Removed one-1-aa" in answer.out
    assert left(store) == {"one-2-bb", "two-3-cc"}
    answer = invoke("runs", "gc", "--budget", "0")
    assert left(store) == {"one-2-bb"}
    assert "1 of them could be resumed and are kept; --failed removes them, too" in answer.out
    answer = invoke("runs", "gc", "--budget", "0", "--failed")
    assert (left(store), "0 B in 0 runs stay" in answer.out) == (set(), True)
