"""What is shown of a run, from a list of its events."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from murakkab.cli.display import FINISHED_KEYS, JsonLines, Outputs, PlainLines
from murakkab.cli.live import LiveDisplay, picture
from murakkab.cli.progress import Progress
from murakkab.cli.wording import clock, outcome, printable, size

NASTY = "[red]tides[/red] \x1b]0;gone\x07 [/]"


def _node(name: str, over: str | None = None, streams: bool = False, drawn: bool = False) -> dict[str, Any]:
    return {
        "node": name,
        "model": f"{name}-model",
        "knobs": {"style": "[ink]"},
        "reason": "the best-rated one here",
        "drawn": drawn,
        "for_each": over,
        "streams": streams,
    }


FINISHED = {
    "event": "run.finished",
    "status": "succeeded",
    "ttff_s": 0.8,
    "first_content_s": 1.9,
    "first_speech_s": 1.2,
    "stall_s": 0.0,
    "measured_by": "player",
    "duration_s": 60.0,
    "made_in_s": 20.0,
    "video": "/runs/r/episode.mp4",
    "playlist": "/runs/r/hls/main.m3u8",
    "report": "/runs/r/report.html",
    "outputs": {"stream": [{"segment": "/runs/r/0.m4s"}], "episode": {"video": "/runs/r/episode.mp4"}, "mood": "merry"},
    "error": "",
}


def _events(*more: dict[str, Any]) -> list[dict[str, Any]]:
    nodes = [_node("script", streams=True), _node("speech", "script"), _node("hosts", "script", True, drawn=True)]
    events: list[dict[str, Any]] = [
        {"event": "run.submitted", "workflow": "podcast", "title": NASTY},
        {"event": "run.planned", "nodes": nodes, "promises": {"ttff_s": 1.0, "realtime": True}},
        {"event": "task.started", "node": "script", "path": []},
        {"event": "item.emitted", "node": "script", "path": [0]},
        {"event": "turn.written", "path": [0], "speaker": "Ada", "text": NASTY, "passage": None},
        {"event": "item.emitted", "node": "script", "path": [1]},
        {"event": "turn.written", "path": [1], "speaker": "Ben", "text": "Why twice a day?", "passage": None},
        {"event": "task.started", "node": "speech", "path": [0]},
        {"event": "task.finished", "node": "speech", "path": [0], "seconds": 0.25},
        {"event": "task.started", "node": "hosts", "path": [0]},
        {"event": "task.progressed", "node": "hosts", "path": [0], "done": 0.5},
        {"event": "task.failed", "node": "speech", "path": [1], "error": "x\x1b", "attempt": 1, "retry": True},
        {"event": "run.first_segment", "ttff_s": 0.8, "measured_by": "playback clock"},
        {"event": "segment.published", "index": 0, "start": 0.0, "seconds": 2.0, "shot": "0"},
        *more,
    ]
    return [{"run": "r", "seq": n, "t": n / 10, **event} for n, event in enumerate(events, start=1)]


def _progress(*more: dict[str, Any]) -> Progress:
    progress = Progress()
    for event in _events(*more):
        progress.add(event)
    return progress


def _drawn(progress: Progress) -> str:
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    console.print(picture(progress))
    return console.file.getvalue()


def test_progress_counts_tasks_against_the_items_known_by_now() -> None:
    progress = _progress()
    assert progress.expected("script") == 1
    assert progress.expected("speech") == 2
    assert len(progress.nodes["speech"].finished) == 1
    assert progress.nodes["speech"].retries == 1
    assert progress.nodes["hosts"].busy == {(0,): 0.5}
    assert progress.nodes["speech"].seconds == 0.25


def test_progress_follows_each_shot() -> None:
    progress = _progress()
    assert progress.shots[0,].stage == "shown"
    assert progress.shots[0,].shown_s == 2.0
    assert progress.shots[1,].stage == "written"


def test_progress_measures_speed_against_real_time() -> None:
    progress = _progress()
    assert progress.speed == pytest.approx(2.0 / 1.4)
    assert progress.ttff_s == 0.8


def test_the_player_corrects_time_to_first_frame() -> None:
    moved = {"event": "playback.moved", "position_s": 1.5, "stall_s": 0.2, "ttff_s": 0.9}
    progress = _progress({**moved, "first_content_s": None, "first_speech_s": None})
    assert (progress.ttff_s, progress.stall_s, progress.position_s) == (0.9, 0.2, 1.5)


def test_a_resumed_run_keeps_its_counts_and_starts_its_clock_anew() -> None:
    progress = _progress()
    progress.add({"event": "run.resumed", "workflow": "podcast", "title": "tides", "seq": 15, "t": 0.0})
    assert progress.expected("speech") == 2
    assert progress.nodes["hosts"].busy == {}
    progress.add({"event": "segment.published", "index": 1, "start": 2.0, "seconds": 2.0, "shot": "0", "t": 4.0})
    assert progress.speed == 0.5


def test_events_of_a_later_version_are_passed_over() -> None:
    assert _progress({"event": "planet.aligned"}).finished is None


def test_the_picture_shows_nodes_shots_and_figures_and_reads_no_markup() -> None:
    text = _drawn(_progress())
    assert "speech" in text
    assert "1/2" in text
    assert "1 tried again" in text
    assert "first frame 0.8 s" in text
    assert "Ada: [red]tides[/red]" in text
    assert "Ben: Why twice a day?" in text
    assert "\x1b]0" not in text


PREDICTIONS = [
    {"name": "ttff", "value": 0.48, "limit": 1.0, "cold": 2.4},
    {"name": "realtime", "value": 0.0, "limit": None, "cold": None},
    {"name": "quality", "value": 1.0, "limit": None, "cold": None},
]


@pytest.mark.parametrize(
    ("cold", "loading", "beside"),
    [
        (True, ["That is with loaded models, and so are promises. Here they load first: ttff 2.4 s"], "started cold, "),
        (False, [], ""),
    ],
)
def test_what_was_expected_is_told_before_and_after_with_loading_where_models_load(
    cold: bool, loading: list[str], beside: str
) -> None:
    lines: list[str] = []
    display = PlainLines(lines.append)
    planned = {"event": "run.planned", "nodes": [], "predictions": PREDICTIONS, "cold": cold}
    for event in (planned, FINISHED | {"run": "r"}):
        display.show({"seq": 1, "t": 0.0, **event})
    assert lines[1 : 2 + len(loading)] == ["Expected: ttff 0.48 s (promised <= 1 s), quality 1.00", *loading]
    figures = next(line for line in lines if line.startswith("first frame"))
    assert figures.startswith(f"first frame 0.8 s ({beside}expected {'2.4' if cold else '0.5'} s), first content 1.9 s")


def test_the_live_display_prints_the_plan_and_the_outcome() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    display = LiveDisplay(console)
    for event in _events(FINISHED):
        display.show(event)
    display.close()
    text = console.file.getvalue()
    assert "hosts-model (drawn)" in text
    assert "style=[ink]" in text
    assert "3.0x real time" in text
    assert "first speech 1.2 s, stalls 0.0 s (by the player)" in text
    assert "/runs/r/episode.mp4" in text
    assert "\x1b]0" not in text


def test_plain_lines_are_few_and_clean() -> None:
    lines: list[str] = []
    plain = PlainLines(lines.append)
    for event in _events(FINISHED):
        plain.show(event)
    assert lines[1] == "Plan: script=script-model, speech=speech-model, hosts=hosts-model"
    assert "First segment playable after 0.8 s" in lines
    assert lines[-1] == "Video: /runs/r/episode.mp4"
    assert len(lines) == 7
    assert not any("\x1b" in line for line in lines)


PLAIN = {**FINISHED, "ttff_s": None, "duration_s": 0.0, "video": None, "playlist": None}
"""The end of a run that plays nothing."""


def _outputs(outputs: dict[str, Any], **facts: Any) -> list[str]:
    lines: list[str] = []
    Outputs(lines.append).show({**PLAIN, "outputs": outputs, **facts})
    return lines


def test_a_single_text_stands_alone() -> None:
    assert _outputs({"answer": "one\n  two \x1b[31m"}) == ["one", "  two \N{REPLACEMENT CHARACTER}[31m"]


def test_outputs_are_told_by_name_with_files_by_path_and_long_ones_cut() -> None:
    speech = [{"audio": f"/r/{n}.wav", "words": ["x"] * 99} for n in range(60)]
    lines = _outputs({"count": 3, "speech": speech, "notes": ["a", "b"], "fine": {"right": True, "why": "1\n2"}})
    assert lines[:3] == ["count: 3", "speech:", "  - /r/0.wav"]
    assert "  ... and 10 more" in lines
    assert lines[-8:] == ["notes:", "  - a", "  - b", "fine:", "  right: true", "  why:", "    1", "    2"]
    (cut,) = _outputs({"numbers": {"all": list(range(999))}})
    assert len(cut) < 200
    assert cut.endswith("...")


def test_what_is_played_is_not_printed_and_a_failed_run_prints_nothing() -> None:
    assert _outputs(FINISHED["outputs"], video="/runs/r/episode.mp4") == ["merry"]
    assert _outputs({"answer": "x"}, status="failed") == []


def test_a_run_without_a_stream_is_told_by_its_nodes() -> None:
    lines: list[str] = []
    plain = PlainLines(lines.append)
    begun = _events()[:3]
    ended = {"event": "task.finished", "node": "script", "path": [], "seconds": 0.0, "run": "r", "seq": 9, "t": 1.0}
    for event in [*begun[:2], {**begun[2], "cache": "hit"}, ended, {**PLAIN, "run": "r", "seq": 10, "t": 1.0}]:
        plain.show(event)
    assert lines[-2:] == ["Finished in 20.0 s, 1 of 1 tasks from the cache", "Report: /runs/r/report.html"]
    assert "segment" not in " ".join(lines)


def test_a_node_that_no_plan_names_is_shown_too() -> None:
    progress = _progress({"event": "task.started", "node": "composed", "path": []})
    assert progress.expected("composed") == 1
    assert "composed" in _drawn(progress)


def test_skipped_tasks_and_rounds_of_a_loop_are_counted() -> None:
    solve, judge = _node("solve", streams=True), _node("solve.judge", "solve")
    progress = Progress()
    rounds = [
        {"event": "run.planned", "nodes": [solve, judge]},
        {"event": "task.finished", "node": "solve.judge", "path": [0], "seconds": 0.0},
        {"event": "loop.round", "node": "solve", "path": [], "round": 1, "ended": False},
        {"event": "task.skipped", "node": "solve.judge", "path": [1]},
        {"event": "loop.round", "node": "solve", "path": [], "round": 2, "ended": True},
    ]
    for number, event in enumerate(rounds):
        progress.add({**event, "t": float(number)})
    assert (progress.nodes["solve.judge"].done, progress.expected("solve.judge")) == (2, 2)
    assert "1 skipped" in _drawn(progress)


def test_json_lines_end_with_the_promised_keys(capsys: pytest.CaptureFixture[str]) -> None:
    for event in _events(FINISHED):
        JsonLines().show(event)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert tuple(lines[-1]) == FINISHED_KEYS
    assert lines[0]["title"] == NASTY


def test_json_names_the_error_of_a_failed_run(capsys: pytest.CaptureFixture[str]) -> None:
    for event in _events({**FINISHED, "status": "failed", "error": "no space"}):
        JsonLines().show(event)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["error"] == "no space"


def test_a_failure_says_how_to_go_on() -> None:
    failed = {**FINISHED, "run": "r", "status": "failed", "error": "the voice broke"}
    assert outcome(failed) == ["murakkab: the run failed: the voice broke\n  Mend it, then: murakkab resume r"]


def test_printable_keeps_words_and_drops_control() -> None:
    assert printable("a\x1b[31m\nb\u0000 שלום 🌊") == "a�[31m b� שלום 🌊"


def test_small_texts() -> None:
    assert [clock(0), clock(61.9), clock(3600)] == ["0:00", "1:01", "60:00"]
    assert [size(0), size(1500), size(2_000_000), size(5e9)] == ["0 B", "2 kB", "2 MB", "5.0 GB"]


def test_a_run_says_what_its_plan_is_expected_to_give() -> None:
    predictions = [
        {"name": "ttff", "unit": "s", "value": 0.8, "limit": 1.0, "note": ""},
        {"name": "realtime", "unit": "s", "value": 0.0, "limit": 0.0, "note": ""},
        {"name": "cost", "unit": "US$", "value": 1.5, "limit": None, "note": ""},
        {"name": "energy", "unit": "Wh", "value": None, "limit": 3.0, "note": "nobody measured it"},
        {"name": "quality", "unit": "", "value": 0.75, "limit": 0.5, "note": ""},
    ]
    submitted, planned = _events()[:2]
    planned |= {"nodes": [_node("script") | {"seconds": 1.25}], "predictions": predictions}
    told = (
        "Expected: ttff 0.8 s (promised <= 1 s), wait 0 s (promised none), cost $1.50, quality 0.75 (promised >= 0.50)"
    )
    lines: list[str] = []
    plain = PlainLines(lines.append)
    plain.show(submitted)
    plain.show(planned)
    assert lines[-1] == told
    stream = io.StringIO()
    display = LiveDisplay(Console(file=stream, width=120))
    display.show(submitted)
    display.show(planned)
    display.close()
    assert told in stream.getvalue()
    assert "1.25" in stream.getvalue()
