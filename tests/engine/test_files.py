"""Journals, feeds and claims when the disk is full, power was cut or another engine looks on."""

from __future__ import annotations

import errno
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from murakkab.engine.feed import RunFeed, read_events
from murakkab.engine.folder import forget_old_engines
from murakkab.engine.journal import Journal, read_journal
from murakkab.engine.lines import LineFile, read_lines
from murakkab.engine.locks import claim, is_claimed
from murakkab_optimizer.scheduler import commands as cmd
from murakkab_optimizer.scheduler import events as ev


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let files grow to ``size`` bytes; the system writes what fits and then fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_line_that_does_not_fit_leaves_nothing_behind(tmp_path: Path) -> None:
    lines = LineFile(tmp_path / "lines")
    lines.append(b"first")
    with room_for(10), pytest.raises(OSError, match="No space left"):
        lines.append(b"second line")
    lines.append(b"third")
    lines.close()
    assert read_lines(tmp_path / "lines") == [b"first", b"third"]


def test_a_journal_goes_on_after_a_full_disk(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.event(ev.WorkerJoined("w1"), 1.0)
    size = (tmp_path / "journal.jsonl").stat().st_size
    with room_for(size + 7), pytest.raises(OSError, match="No space left"):
        journal.event(ev.WorkerJoined("w2"), 2.0)
    journal.event(ev.WorkerJoined("w3"), 3.0)
    journal.close()
    events = [entry.event for entry in read_journal(tmp_path / "journal.jsonl")]
    assert events == [ev.WorkerJoined("w1"), ev.WorkerJoined("w3")]


def test_what_counts_all_the_same_has_its_place_in_the_journal_once_there_is_room(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    told, lost, late, next_ = (ev.RunCancelled(name) for name in ("told", "lost", "late", "next"))
    journal.event(told, 1.0)
    with room_for((tmp_path / "journal.jsonl").stat().st_size + 7):
        with pytest.raises(OSError, match="No space left"):
            journal.event(lost, 2.0)
        journal.late(late, 3.0)
        journal.commands([cmd.SetTimer("timer", 5.0)])
    journal.event(next_, 4.0)
    journal.close()
    entries = list(read_journal(tmp_path / "journal.jsonl"))
    assert [entry.event for entry in entries] == [told, late, None, next_]
    assert entries[2].commands == (cmd.SetTimer("timer", 5.0),)


def test_a_disk_that_fails_later_fails_the_next_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_number: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    journal = Journal(tmp_path / "journal.jsonl")
    monkeypatch.setattr(os, "fdatasync", fail)
    journal.event(ev.WorkerJoined("w1"), 1.0)
    time.sleep(0.3)
    with pytest.raises(OSError, match="Input/output error"):
        journal.event(ev.WorkerJoined("w2"), 2.0)
    journal.close()


def test_a_feed_goes_on_behind_a_torn_line_and_numbers_its_events_without_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    feed = RunFeed(path, "r", 0.0)
    feed.send("one", 1.0)
    with room_for(path.stat().st_size + 5):
        feed.send("lost on the disk", 2.0)
    feed.send("two", 3.0)
    feed.close()
    with path.open("ab") as stream:
        stream.write(b'{"event": "to')
    feed = RunFeed(path, "r", 0.0)
    feed.send("three", 4.0)
    feed.close()
    assert [(event["seq"], event["event"]) for event in read_events(path)] == [(1, "one"), (2, "two"), (3, "three")]


def test_a_claim_waits_for_one_who_only_looks(tmp_path: Path) -> None:
    first = claim(tmp_path / "lock")
    assert first is not None
    assert is_claimed(tmp_path / "lock")
    assert claim(tmp_path / "lock") is None
    first.close()
    assert not is_claimed(tmp_path / "lock")
    assert not is_claimed(tmp_path / "absent")


def test_the_folder_of_an_engine_that_still_runs_is_kept(tmp_path: Path) -> None:
    for number in range(14):
        (tmp_path / f"engine-{number:02}").mkdir()
    held = claim(tmp_path / "engine-01" / "lock")
    assert held is not None
    forget_old_engines(tmp_path / "engine-13")
    held.close()
    assert sorted(f.name for f in tmp_path.iterdir()) == ["engine-01", *(f"engine-{n:02}" for n in range(4, 14))]
