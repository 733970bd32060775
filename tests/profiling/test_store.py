"""The store: what is written is read again, whatever else lies in the folder."""

from __future__ import annotations

import contextlib
import multiprocessing
from pathlib import Path

import msgspec
import pytest

from murakkab.engine.errors import UserError
from murakkab.profiling.machine import Machine, this_cluster, this_machine
from murakkab.profiling.store import SCHEMA, ProfileStore, default_folder
from murakkab_runtimes.catalog import load_catalog
from tests.profiling.conftest import MACHINE, keep, measured

CARD = load_catalog()["lanczos"]


def test_what_is_kept_is_read_again(store: ProfileStore) -> None:
    record = measured(CARD, conditions={"height": 720})
    keep(store, record)
    kept, trouble = ProfileStore(store.path.parent, MACHINE).read()
    assert (kept.records, kept.machine, trouble) == ([record], MACHINE, "")


def test_machines_do_not_share_a_file(store: ProfileStore) -> None:
    keep(store, measured(CARD))
    for other in (Machine("Other", 2, 8), Machine("Test processor", 4, 8), Machine("Test processor", 2, 16)):
        assert ProfileStore(store.path.parent, other).read()[0].records == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": "1"}', b'{"schema": 1}', b"\xff\xfe", b"null"])
def test_a_damaged_file_is_told_and_kept_aside(store: ProfileStore, content: bytes) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(content)
    kept, trouble = store.read()
    assert kept.records == []
    assert "damaged" in trouble
    assert str(store.path) in trouble
    keep(store, measured(CARD))
    assert len(store.read()[0].records) == 1
    assert store.path.with_suffix(".damaged").read_bytes() == content


def test_a_later_file_is_left_alone(store: ProfileStore) -> None:
    store.path.parent.mkdir()
    content = msgspec.json.encode({"schema": SCHEMA + 1, "records": "of another shape"})
    store.path.write_bytes(content)
    assert "later version" in store.read()[1]
    with pytest.raises(UserError, match="MURAKKAB_PROFILES"):
        keep(store, measured(CARD))
    assert store.path.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        keep(ProfileStore(tmp_path / "file" / "folder", MACHINE), measured(CARD))


def test_a_change_that_fails_leaves_the_file_as_it_was(store: ProfileStore) -> None:
    keep(store, measured(CARD))
    before = store.path.read_bytes()
    with contextlib.suppress(KeyError), store.changing() as kept:
        kept.records.clear()
        raise KeyError
    assert store.path.read_bytes() == before
    assert not list(store.path.parent.glob("*.part"))


def _add(folder: Path, numbers: range) -> None:
    for number in numbers:
        keep(ProfileStore(folder, MACHINE), measured(CARD, conditions={"height": number}))


def test_processes_that_write_at_once_lose_nothing(store: ProfileStore) -> None:
    context = multiprocessing.get_context("fork")
    jobs = [context.Process(target=_add, args=(store.path.parent, range(n, n + 10))) for n in (0, 100, 200)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    heights = {record.profile.conditions["height"] for record in store.read()[0].records}
    assert heights == {*range(10), *range(100, 110), *range(200, 210)}


def test_the_folder_is_where_it_is_said_to_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MURAKKAB_PROFILES", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("MURAKKAB_PROFILES")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert default_folder() == tmp_path / "data" / "murakkab" / "profiles"


def test_this_machine_is_a_cluster_of_its_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MURAKKAB_PRICE_PER_HOUR", "0.5")
    monkeypatch.setenv("MURAKKAB_SPOT", "1")
    monkeypatch.setenv("MURAKKAB_REGION", "eu-north")
    (offer,) = this_cluster().offers
    assert this_cluster().cores == offer.count == this_machine().cores
    assert offer.price * offer.count == pytest.approx(0.5)
    assert (offer.spot, offer.region, offer.device.kind) == (True, "eu-north", "cpu")
    monkeypatch.delenv("MURAKKAB_PRICE_PER_HOUR")
    assert this_cluster().offers[0].price == 0.0


@pytest.mark.parametrize("price", ["cheap", "-1", "nan", "inf"])
def test_a_price_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, price: str) -> None:
    monkeypatch.setenv("MURAKKAB_PRICE_PER_HOUR", price)
    with pytest.raises(UserError, match="no price"):
        this_cluster()
