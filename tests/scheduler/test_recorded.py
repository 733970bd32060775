"""Journals that were recorded once are answered with the same commands, whatever the kernel looks like inside.

``podcast.jsonl.gz`` is the engine's journal of a real podcast of a minute at 1280x720 that was watched, planned anew
and resumed, and lost a worker (see ``recording``); ``random.jsonl.gz`` has random graphs, several at a time, with
failures, slow attempts, lost workers, retries and cancelled runs, as the kernel answered before it was made fast. A
decision that changes on purpose is recorded anew, and the commit says so.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec

from murakkab.engine.journal import Entry, told
from murakkab_optimizer.scheduler import Command, Event, Scheduler
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.commands import MakeShot
from murakkab_optimizer.simulator import replay

JOURNALS = Path(__file__).parent / "journals"
CORES = 2


class Log(msgspec.Struct):
    """What one scheduler was told and answered."""

    cores: int
    policy: str
    log: list[tuple[float, Event, list[Command]]]


def lines(name: str) -> list[bytes]:
    return gzip.decompress((JOURNALS / name).read_bytes()).splitlines()


def test_random_journals_are_answered_as_they_were() -> None:
    logs = [msgspec.json.decode(line, type=Log) for line in lines("random.jsonl.gz")]
    assert sum(len(log.log) for log in logs) > 2000
    for log in logs:
        scheduler = Scheduler(log.cores, log.policy)
        for now, event, commands in log.log:
            assert scheduler.handle(event, now) == commands


def test_the_journal_of_a_real_podcast_replays_byte_by_byte() -> None:
    entries = [msgspec.json.decode(line, type=Entry) for line in lines("podcast.jsonl.gz")]
    events = [(entry.now, entry.event) for entry in entries if entry.event is not None]
    recorded = [entry.commands for entry in entries if entry.commands is not None]
    commands = [tuple(map(told, found)) for found in replay(events, CORES) if found]
    assert [msgspec.json.encode(one) for one in commands] == [msgspec.json.encode(one) for one in recorded]
    assert len(recorded) > 50
    kinds = {type(event) for _, event in events}
    assert {ev.PlaybackMoved, ev.PlaybackLeft, ev.PlanChanged, ev.RunResumed, ev.WorkerLost, ev.TimerFired} < kinds
    assert sum(isinstance(command, MakeShot) for commands in recorded for command in commands) > 5
