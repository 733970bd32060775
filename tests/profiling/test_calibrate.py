"""The quick calibration of a fresh machine."""

from __future__ import annotations

import asyncio
import datetime
import time

import pytest

from murakkab.profiling import calibrate
from murakkab.profiling.calibrate import PROBES, REFERENCE_S, due, factor
from murakkab.profiling.machine import this_machine
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


def test_it_is_not_due_where_models_were_measured(store: ProfileStore) -> None:
    keep(store, measured(load_catalog()["lanczos"]))
    assert not due(store.read()[0], TODAY)


def beside_nothing() -> None:
    async def block() -> None:
        async with calibrate.beside():
            await asyncio.sleep(0)

    asyncio.run(block())


def test_it_is_made_beside_other_work_and_kept(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("MURAKKAB_PROFILES", str(tmp_path))
    monkeypatch.setenv("MURAKKAB_CALIBRATION", "on")
    monkeypatch.setattr(calibrate, "WAIT_S", 60.0)
    beside_nothing()
    found = ProfileStore().read()[0].calibration
    assert found is not None
    assert found.factors.keys() == REFERENCE_S.keys()
    assert all(0.05 < value < 50 for value in found.factors.values())
    assert ProfileStore().machine == this_machine()
    stamp = ProfileStore().path.stat().st_mtime_ns
    beside_nothing()
    assert ProfileStore().path.stat().st_mtime_ns == stamp


def test_it_can_be_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("MURAKKAB_PROFILES", str(tmp_path))
    monkeypatch.setenv("MURAKKAB_CALIBRATION", "off")
    beside_nothing()
    assert not list(tmp_path.iterdir())


def test_nobody_waits_for_it_long(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("MURAKKAB_PROFILES", str(tmp_path))
    monkeypatch.setenv("MURAKKAB_CALIBRATION", "on")
    monkeypatch.setattr(calibrate, "WAIT_S", 0.01)
    began = time.monotonic()
    beside_nothing()
    assert time.monotonic() - began < 3.0
    assert ProfileStore().read()[0].calibration is None


def test_packages_tell_the_class_of_work() -> None:
    known = Calibration({"drawing": 2.0, "encoding": 8.0, "inference": 4.0}, "2026-11-22", PROBES)
    assert factor(("skia",), known) == pytest.approx(2.0)
    assert factor(("skia", "av", "numpy"), known) == pytest.approx(4.0)
    assert factor(("onnxruntime",), known) == pytest.approx(4.0)
    assert factor((), known) == pytest.approx(4.0)
    assert factor(("skia",), Calibration({}, "2026-11-22")) == 1.0
