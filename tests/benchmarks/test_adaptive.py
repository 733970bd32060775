"""What the benchmark of adaptive quality tells, and what it refuses to compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from benchmarks.adaptive_figures import changes, shares, sustained, waits
from benchmarks.adaptive_frames import same_frames
from benchmarks.adaptive_kept import check_same, check_unchanged, code, keep, known

ASKED = {"duration": 60, "at": 0.5}
CODE = {"commit": "abc1234", "dirty": False, "product": "one"}
OTHER = {"commit": "def5678", "dirty": False, "product": "two"}


def shot(name: str, index: int) -> dict[str, Any]:
    return {"shot": name, "index": index, "quality": (1.0, 0.995, 0.8)[index], "rung": str(index), "seconds": 5.0}


def test_changes_are_counted_in_the_order_of_the_show() -> None:
    shown = [shot("0.2", 0), shot("0.10", 2), shot("0.0", 0), shot("0.1", 1), shot("1.0", 2)]
    assert changes(shown) == {"all": 3, "up": 1, "down": 2, "seen": 1, "undone": 1, "at": ["0.1", "0.2", "0.10"]}
    assert changes(shown[:1])["all"] == 0


@pytest.mark.parametrize(("cores", "least"), [(4, 0), (2, 1), (1, None)])
def test_a_rung_that_is_not_kept_up_is_not_called_so(cores: int, least: int | None) -> None:
    rungs = [{"load": load, "static": load < 0.5} for load in (2.0, 1.0, 0.2)]
    assert sustained(rungs, cores) == least


def test_without_a_rung_that_is_kept_up_there_is_no_share() -> None:
    shown = [shot("0.0", 0), shot("0.1", 2)]
    assert shares(shown, 0)["shots_sustained"] == 0.5
    assert shares(shown, None)["shots_sustained"] is None
    assert shares(shown, None)["seconds_sustained"] is None


def test_waits_are_those_that_the_player_told() -> None:
    told = [(0.0, 0.0), (0.0, 0.0), (4.0, 0.25), (5.0, 0.25), (9.0, 1.0)]
    events = [{"event": "playback.moved", "position_s": at, "stall_s": stall} for at, stall in told]
    assert waits(events) == [[4.0, 0.25], [9.0, 0.75]]


def test_episodes_of_other_code_or_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="play some first"):
        check_same(tmp_path, ASKED, CODE, play=False)
    assert check_same(tmp_path, ASKED, CODE, play=True) == ASKED
    assert check_same(tmp_path, {**ASKED, "at": 0.1}, CODE, play=False) == ASKED
    with pytest.raises(SystemExit, match="name another folder with --keep"):
        check_same(tmp_path, {**ASKED, "at": 0.1}, CODE, play=True)
    for play in (True, False):
        with pytest.raises(SystemExit, match=r"abc1234.*def5678.*or check out abc1234"):
            check_same(tmp_path, ASKED, OTHER, play=play)


def test_an_episode_is_found_again_and_only_by_the_code_that_made_it(tmp_path: Path) -> None:
    assert known(tmp_path, CODE) is None
    keep(tmp_path, {"stall_s": 0.0, "code": CODE})
    assert known(tmp_path, {**CODE, "commit": "only-documents-changed"}) == {"stall_s": 0.0, "code": CODE}
    with pytest.raises(SystemExit, match="abc1234"):
        known(tmp_path, OTHER)
    (tmp_path / "row.json").write_text(json.dumps({"stall_s": 0.0}))
    with pytest.raises(SystemExit, match="do not say which code"):
        known(tmp_path, CODE)


def test_the_code_is_told_and_a_change_is_found() -> None:
    now = code()
    check_unchanged(now)
    with pytest.raises(RuntimeError, match="was changed"):
        check_unchanged({**now, "product": "another"})


def film(path: Path, frames: int) -> Path:
    with av.open(str(path), "w", format="h264") as out:
        stream = out.add_stream("libx264", rate=24)
        stream.width = stream.height = 32
        for _ in range(frames):
            picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    return path


def test_shots_of_other_lengths_are_not_compared(tmp_path: Path) -> None:
    shown = [film(tmp_path / "a.h264", 5), film(tmp_path / "b.h264", 3)]
    whole, short = film(tmp_path / "c.h264", 8), film(tmp_path / "d.h264", 7)
    assert same_frames("1.0", shown, "1.0", [whole]) == 8
    with pytest.raises(RuntimeError, match=r"shot 1\.0 has 8 frames, made again it has 7"):
        same_frames("1.0", shown, "1.0", [short])
    with pytest.raises(RuntimeError, match=r"shot 1\.0 was shown where 1\.1"):
        same_frames("1.0", shown, "1.1", [whole])
