"""Machines that cannot use the artifacts of a run."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from murakkab.engine.outage import News
from murakkab.engine.unfit import APART_S, PATIENCE_S, Unfit
from murakkab_runtimes.artifacts import ArtifactStore
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.mirror import Mirror
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.cluster.reach import Reach
from murakkab_runtimes.workers.messages import Run


def test_a_stray_machine_fails_no_run_that_others_can_make() -> None:
    unfit = Unfit()
    for now in (0.0, PATIENCE_S + 1.0, 10.0 * PATIENCE_S):
        assert unfit.told("stray", "r", "no mount", {"stray", "good"}, now) == News()
        assert unfit.apart("stray", now)
        assert not unfit.apart("good", now)


def test_a_run_that_no_machine_can_make_is_told_and_fails_after_a_while() -> None:
    unfit = Unfit()
    able = {"a", "b"}
    assert unfit.told("a", "r", "no mount", able, 0.0) == News()
    assert unfit.told("b", "r", "no mount", able, 1.0) == News(waiting="no mount", run="r")
    assert unfit.told("b", "r", "no mount", able, 2.0) == News(), "told once"
    assert unfit.told("a", "r", "no mount", able, PATIENCE_S) == News(failing="no mount", run="r")
    assert unfit.told("a", "another", "no mount", able, PATIENCE_S) == News()


def test_a_machine_is_left_out_for_longer_each_time_until_it_made_something() -> None:
    unfit = Unfit()
    unfit.told("a", "r", "no mount", {"a"}, 0.0)
    unfit.told("a", "r", "no mount", {"a"}, 1.0)
    assert not unfit.apart("a", APART_S), "what its other slots say in that time is the same trouble"
    unfit.told("a", "r", "no mount", {"a"}, APART_S)
    assert unfit.apart("a", 2.9 * APART_S)
    assert not unfit.apart("a", 3.1 * APART_S)
    for now in (3.1 * APART_S, 7.0 * APART_S):
        unfit.told("a", "r", "no mount", {"a", "b"}, now)
    assert not unfit.apart("a", 9.1 * APART_S), "no pause is much longer than the first ones"
    unfit.works("a", "r")
    assert unfit.told("a", "r", "no mount", {"a"}, 100.0) == News(waiting="no mount", run="r"), "a new trouble"
    assert not unfit.apart("a", 100.0 + 1.1 * APART_S)


def test_a_run_hears_soon_of_a_machine_that_was_left_out_for_another_one_and_begins_anew_when_resumed() -> None:
    """One machine, whose slots are tried whenever it is not left out."""
    unfit = Unfit()
    heard: list[tuple[float, News]] = []
    for now in map(float, range(300)):
        run = "first" if now < 150.0 else "second"
        if now == 150.0:
            unfit.forget("first")
        if not unfit.apart("a", now) and (news := unfit.told("a", run, "no mount", {"a"}, now)) != News():
            heard.append((now, news))
            if news.failing:
                unfit.forget(run)
    heard = [(at, news) for at, news in heard if news.run == "second"]
    waits, fails = [at for at, news in heard if news.waiting], [at for at, news in heard if news.failing]
    assert 150.0 <= waits[0] <= 165.0
    assert PATIENCE_S <= fails[0] - waits[0] <= PATIENCE_S + 15.0
    unfit.told("a", "r", "no mount", {"a"}, 1000.0)
    unfit.forget("r")
    assert unfit.told("a", "r", "no mount", {"a"}, 2000.0) == News(waiting="no mount", run="r")


def request(folder: Path, remote: str = "") -> Run:
    return Run("r/double/-#1", str(folder), load_catalog()["toy-double"], {}, 1, {}, 0, remote=remote)


def test_what_an_engine_left_is_looked_for_in_a_folder_and_in_a_store(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/shared"
    here, there = request(tmp_path), request(tmp_path, url)
    mirror = Mirror(url, tmp_path / "copies")
    reach = Reach("m1", lambda asked: mirror if asked.remote else ArtifactStore(Path(asked.store)))
    assert "the machine m1 cannot reach the run's folder" in reach.obstacle(here, "e")
    assert "the machine m1 cannot use the run's store" in reach.obstacle(there, "e")
    (tmp_path / wire.MARK).write_text("e")
    mirror.write(wire.MARK, b"e")
    assert not reach.obstacle(here, "e")
    assert not reach.obstacle(there, "e")
    assert "another engine's run is there" in reach.obstacle(here, "another")


def test_a_machine_without_room_for_copies_says_nothing_of_the_store(tmp_path: Path) -> None:
    def full(asked: Run) -> ArtifactStore:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        Reach("m1", full).obstacle(request(tmp_path, "file:///shared"), "e")
