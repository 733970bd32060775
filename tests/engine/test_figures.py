"""Time to first frame, first speech and stalls by the playback clock and by a player."""

from __future__ import annotations

from pathlib import Path

from murakkab.engine.figures import PlaybackFigures, PlayerReport
from murakkab.engine.run import LiveRun
from murakkab.engine.store import RunRecord, RunStore
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.plan import Plan


def test_segments_in_time_do_not_stall() -> None:
    figures = PlaybackFigures()
    figures.published(0.8, 0.0, 1.0, speech=0.3, content=None)
    figures.published(1.7, 1.0, 1.0, speech=None, content=1.2)
    facts = figures.facts()
    assert facts == {
        "ttff_s": 0.8, "first_content_s": 2.0, "first_speech_s": 1.1, "stall_s": 0.0, "duration_s": 2.0,
        "measured_by": "playback clock",
    }  # fmt: skip


def test_waits_add_up_and_move_what_follows() -> None:
    figures = PlaybackFigures()
    figures.published(1.0, 0.0, 1.0, None, None)
    figures.published(2.5, 1.0, 1.0, speech=1.5, content=None)
    figures.published(3.4, 2.0, 1.0, None, None)
    figures.published(5.0, 3.0, 1.0, None, None)
    facts = figures.facts()
    assert facts["stall_s"] == 1.0
    assert facts["first_speech_s"] == 3.0


def test_a_player_has_the_last_word() -> None:
    figures = PlaybackFigures()
    figures.published(1.0, 0.0, 1.0, 0.1, 0.2)
    figures.reported(PlayerReport(position_s=0.0))
    assert figures.facts()["measured_by"] == "playback clock"
    figures.reported(PlayerReport(position_s=1.0, ttff_s=1.4, first_speech_s=1.5, stall_s=0.25))
    figures.published(9.0, 1.0, 1.0, None, None)
    facts = figures.facts()
    assert (facts["ttff_s"], facts["stall_s"], facts["measured_by"]) == (1.4, 0.25, "player")
    assert facts["duration_s"] == 2.0


def test_events_tell_what_the_player_measured_and_not_what_the_playback_clock_assumes(tmp_path: Path) -> None:
    store, record = RunStore(tmp_path), RunRecord(run="show-1", workflow="show", created="2026-01-01T00:00:00Z")
    store.create(record)
    live = LiveRun(store, record, Graph("show", ()), Plan({}), began=100.0)
    live.figures.published(0.8, 0.0, 1.0, speech=0.3, content=0.0)
    live.figures.published(3.0, 1.0, 1.0, None, None)
    for report in (PlayerReport(0.0), PlayerReport(1.5, ttff_s=3.25, first_content_s=3.25, stall_s=0.1)):
        live.playback(report, 104.0)
    live.close()
    early, late = ({k: event[k] for k in report.measured()} for event in live.feed.events)
    assert early == {"ttff_s": None, "first_content_s": None, "first_speech_s": None, "stall_s": 0.0}
    assert late == {"ttff_s": 3.25, "first_content_s": 3.25, "first_speech_s": None, "stall_s": 0.1}
