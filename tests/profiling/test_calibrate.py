"""The quick calibration of a fresh machine."""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path

import pytest

from murakkab.profiling import calibrate
from murakkab.profiling.calibrate import PROBES, REFERENCE_S, due, factor
from murakkab.profiling.store import Calibration, Kept, ProfileStore
from murakkab_runtimes.catalog import load_catalog
from tests.profiling.conftest import MACHINE, keep, measured

TODAY = datetime.date(2026, 11, 22)


def kept(date: str, probes: str = PROBES) -> Kept:
    return Kept(MACHINE, calibration=Calibration({"drawing": 1.0}, date, probes))


def test_it_is_due_on_a_fresh_machine_and_after_a_month() -> None:
    assert due(Kept(MACHINE), TODAY)
    assert not due(kept("2026-11-01"), TODAY)
    assert due(kept("2026-10-01"), TODAY)
    assert due(kept("2026-11-01", probes="0"), TODAY)
    assert due(kept("some day"), TODAY)


def test_it_is_due_where_only_some_models_were_measured(store: ProfileStore) -> None:
    keep(store, measured(load_catalog()["lanczos"]))
    assert due(store.read()[0], TODAY)


def first_run() -> None:
    calibrate.begin()
    asyncio.run(calibrate.ready())


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MURAKKAB_PROFILES", str(tmp_path))
    monkeypatch.setenv("MURAKKAB_CALIBRATION", "on")
    monkeypatch.setattr(calibrate, "_begun", [])
    return tmp_path


def test_it_is_made_once_and_kept(monkeypatch: pytest.MonkeyPatch, fresh: Path) -> None:
    monkeypatch.setattr(calibrate, "WAIT_S", 60.0)
    first_run()
    found = ProfileStore().read()[0].calibration
    assert found is not None
    assert found.factors.keys() == REFERENCE_S.keys()
    assert all(0.05 < value < 50 for value in found.factors.values())
    stamp = ProfileStore().path.stat().st_mtime_ns
    first_run()
    assert ProfileStore().path.stat().st_mtime_ns == stamp


def test_it_can_be_left_out(monkeypatch: pytest.MonkeyPatch, fresh: Path) -> None:
    monkeypatch.setenv("MURAKKAB_CALIBRATION", "off")
    first_run()
    assert not list(fresh.iterdir())


def test_nobody_waits_for_it_long(monkeypatch: pytest.MonkeyPatch, fresh: Path) -> None:
    monkeypatch.setattr(calibrate, "WAIT_S", 0.01)
    first_run()
    assert ProfileStore().read()[0].calibration is None
    (process,) = calibrate._begun
    process.wait(60)
    assert ProfileStore().read()[0].calibration is not None


def test_packages_tell_the_class_of_work() -> None:
    known = Calibration({"drawing": 2.0, "encoding": 8.0, "inference": 4.0}, "2026-11-22", PROBES)
    assert factor(("skia",), known) == pytest.approx(2.0)
    assert factor(("skia", "av", "numpy"), known) == pytest.approx(4.0)
    assert factor(("onnxruntime",), known) == pytest.approx(4.0)
    assert factor((), known) == pytest.approx(4.0)
    assert factor(("skia",), Calibration({}, "2026-11-22")) == 1.0
