"""Where a worker keeps its copies of what lies in a store."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from murakkab_runtimes.workers.cluster.host import KEPT_S, folder_of

REMOTE = "s3://bucket/prefix/run"


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in the system's temporary one."""
    monkeypatch.delenv("MURAKKAB_STORE_FOLDER", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"murakkab-store-{os.getuid()}"


def test_only_its_user_can_look_into_it(base: Path) -> None:
    folder = folder_of(REMOTE)
    assert folder.parent == base
    assert [path.stat().st_mode & 0o777 for path in (base, folder)] == [0o700, 0o700]
    base.chmod(0o777)
    assert folder_of(REMOTE) == folder
    assert base.stat().st_mode & 0o777 == 0o700


def test_what_others_made_under_its_name_is_refused(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs").mkdir()
    base.symlink_to(tmp_path / "theirs")
    with pytest.raises(OSError, match="is no folder of this user: remove it"):
        folder_of(REMOTE)
    base.unlink()
    monkeypatch.setattr(os, "getuid", lambda: base.parent.stat().st_uid + 1)
    (tmp_path / f"murakkab-store-{os.getuid()}").mkdir()
    with pytest.raises(OSError, match="is no folder of this user: remove it"):
        folder_of(REMOTE)


def test_only_old_copies_are_removed_from_a_folder_that_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "named"
    monkeypatch.setenv("MURAKKAB_STORE_FOLDER", str(named))
    old = folder_of(REMOTE)
    (named / "letters").mkdir()
    for folder in (old, named / "letters"):
        os.utime(folder, (0.0, old.stat().st_mtime - 2 * KEPT_S))
    new = folder_of(REMOTE + "-2")
    assert set(named.iterdir()) == {new, named / "letters"}
