"""Every attempt finds an empty folder; one that was left empty serves the next attempt, too."""

from __future__ import annotations

import shutil
from pathlib import Path

from murakkab_runtimes.artifacts import ArtifactStore
from murakkab_runtimes.workers.scratch import Scratch


def test_a_folder_that_was_left_empty_is_used_again(tmp_path: Path) -> None:
    scratch, store = Scratch(), ArtifactStore(tmp_path)
    folder = scratch.take(store)
    scratch.leave(folder, done=True)
    assert scratch.take(store) == folder
    assert list(folder.iterdir()) == []


def test_one_in_which_something_is_is_not(tmp_path: Path) -> None:
    scratch, store = Scratch(), ArtifactStore(tmp_path)
    folder = scratch.take(store)
    (folder / "film.mp4").write_bytes(b"film")
    scratch.leave(folder, done=True)
    assert not folder.exists()
    assert scratch.take(store) != folder


def test_one_into_which_something_came_afterwards_is_not(tmp_path: Path) -> None:
    scratch, store = Scratch(), ArtifactStore(tmp_path)
    folder = scratch.take(store)
    scratch.leave(folder, done=True)
    (folder / "late.log").write_text("a program that went on")
    assert list(scratch.take(store).iterdir()) == []


def test_each_run_has_its_own(tmp_path: Path) -> None:
    scratch, one, other = Scratch(), ArtifactStore(tmp_path / "one"), ArtifactStore(tmp_path / "other")
    first = scratch.take(one)
    scratch.leave(first, done=True)
    second = scratch.take(other)
    assert second.parent == other.scratch_root
    assert not first.exists()


def test_one_that_a_finished_run_took_along_is_made_anew(tmp_path: Path) -> None:
    scratch, store = Scratch(), ArtifactStore(tmp_path)
    scratch.leave(scratch.take(store), done=True)
    shutil.rmtree(store.scratch_root)
    assert scratch.take(store).is_dir()


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    scratch, store = Scratch(), ArtifactStore(tmp_path)
    scratch.leave(scratch.take(store), done=True)
    scratch.close()
    assert list(store.scratch_root.iterdir()) == []


def test_one_of_an_attempt_that_did_not_end_well_is_not_used_again(tmp_path: Path) -> None:
    scratch, store = Scratch(), ArtifactStore(tmp_path)
    folder = scratch.take(store)
    scratch.leave(folder, done=False)
    assert not folder.exists()
    assert scratch.take(store) != folder
