"""What a plan goes by: measured here before scaled before shipped."""

from __future__ import annotations

import math

import msgspec
import pytest

from murakkab.profiling.known import known_profiles
from murakkab.profiling.store import Calibration, Learnt, ProfileStore, Record, base_of, key_of
from murakkab_optimizer.profiles.correction import Correction, observe
from murakkab_optimizer.profiles.nouns import LoadPoint, Profile, Provenance, nearest
from murakkab_runtimes.catalog import load_catalog
from tests.profiling.conftest import keep, measured

CARDS = load_catalog()
HOSTS, LANCZOS, CALCULATOR = CARDS["drawn-hosts"], CARDS["lanczos"], CARDS["calculator"]
SHIPPED = Provenance("shipped", "a card", "there", "2026-01-01", 9)


def shipped(card: str, unit_s: float = 2.0, **fields: object) -> Profile:
    return Profile(card, "frame", unit_s, provenance=SHIPPED, **fields)  # type: ignore[arg-type]


def calibrated(store: ProfileStore, **factors: float) -> None:
    with store.changing() as kept:
        kept.calibration = Calibration(factors, "2026-11-22", "1")


def test_without_a_store_the_shipped_ones_hold(store: ProfileStore) -> None:
    one = shipped("lanczos")
    assert known_profiles([LANCZOS], [one], store) == [one]
    assert not store.path.exists()


def test_measured_here_replaces_what_was_shipped_for_the_same(store: ProfileStore) -> None:
    keep(store, measured(HOSTS, 0.5, knobs={"detail": "full"}, conditions={"height": 360}))
    same = shipped("drawn-hosts", conditions={"height": 360})
    other = shipped("drawn-hosts", conditions={"height": 720})
    found = known_profiles([HOSTS], [same, other], store)
    assert [profile.unit_s for profile in found] == [0.5, 2.0]
    assert nearest(found, {"height": 400}).unit_s == 0.5  # type: ignore[union-attr]


@pytest.mark.parametrize("part", ["card", "adapter", "av"])
def test_what_was_measured_of_another_version_is_stale(store: ProfileStore, part: str) -> None:
    record = measured(LANCZOS)
    assert part in record.versions
    keep(store, msgspec.structs.replace(record, versions={**record.versions, part: "of another time"}))
    assert [profile.provenance.kind for profile in known_profiles([LANCZOS], [shipped("lanczos")], store)] == [
        "shipped"
    ]


def test_models_that_nobody_asks_about_are_left_out(store: ProfileStore) -> None:
    keep(store, measured(LANCZOS))
    assert known_profiles([CALCULATOR], [], store) == []


def test_a_calibration_scales_shipped_profiles_by_the_classes_of_their_work(store: ProfileStore) -> None:
    calibrated(store, drawing=4.0, encoding=9.0, inference=1.0)
    encoding = shipped("lanczos", fixed_s=1.0, first_s=3.0, load=(LoadPoint(0.5, 2.0),))
    drawing = shipped("drawn-hosts")
    every = shipped("calculator")
    one, two, three = known_profiles([LANCZOS, HOSTS, CALCULATOR], [encoding, drawing, every], store)
    assert (one.unit_s, one.fixed_s, one.first_s) == pytest.approx((18.0, 9.0, 27.0))
    assert one.load[0] == LoadPoint(pytest.approx(0.5 / 9), pytest.approx(18.0))  # type: ignore[arg-type]
    assert two.unit_s == pytest.approx(2.0 * 6.0)
    assert three.unit_s == pytest.approx(2.0 * 36 ** (1 / 3))
    assert {profile.provenance.kind for profile in (one, two, three)} == {"scaled"}
    assert "9.00" in one.provenance.source


def test_cited_and_measured_ones_are_not_scaled(store: ProfileStore) -> None:
    calibrated(store, drawing=4.0, encoding=9.0, inference=1.0)
    keep(store, measured(LANCZOS, 0.5))
    cited = Profile("lanczos", "frame", 2.0, "A100", provenance=Provenance("cited"))
    mine, published = known_profiles([LANCZOS], [cited], store)
    assert (mine.unit_s, published) == (0.5, cited)


def test_what_runs_said_corrects_only_the_figures_that_they_spoke_of(store: ProfileStore) -> None:
    one = shipped("lanczos")
    correction = Correction()
    for _ in range(30):
        correction = observe(correction, 1.0, 1.5)
    with store.runs.changing() as kept:
        kept.learnt[key_of(one)] = Learnt(correction, base_of(one))
    (found,) = known_profiles([LANCZOS], [one], store)
    assert found.unit_s == pytest.approx(3.0, rel=0.05)
    assert "30 runs" in found.provenance.source
    assert known_profiles([LANCZOS], [one], store, corrected=False) == [one]
    newer = msgspec.structs.replace(one, provenance=msgspec.structs.replace(SHIPPED, date="2026-02-02"))
    assert known_profiles([LANCZOS], [newer], store) == [newer]
    same_day = msgspec.structs.replace(one, unit_s=one.unit_s * 1.5)
    assert known_profiles([LANCZOS], [same_day], store) == [same_day]


@pytest.mark.parametrize(("switch", "seconds"), [("off", 2.0), ("on", 3.0)])
def test_corrections_of_the_user_can_be_left_out(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch, switch: str, seconds: float
) -> None:
    monkeypatch.setenv("MURAKKAB_PROFILES", str(store.path.parent))
    monkeypatch.setenv("MURAKKAB_CORRECTION", switch)
    one, correction = shipped("lanczos"), Correction(shift=math.log(1.5), count=30)
    with ProfileStore().runs.changing() as kept:
        kept.learnt[key_of(one)] = Learnt(correction, base_of(one))
    assert known_profiles([LANCZOS], [one])[0].unit_s == pytest.approx(seconds)


def test_a_damaged_store_counts_as_empty_and_is_told_once(
    store: ProfileStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.path.parent.mkdir()
    store.path.write_text("{")
    store.runs.path.write_text("{")
    one = shipped("lanczos")
    for _ in range(2):
        assert known_profiles([LANCZOS], [one], store) == [one]
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert str(store.path) in told[0]
    assert str(store.runs.path) in told[1]
    assert all("is damaged" in line and "murakkab profile" in line for line in told)


def test_slower_leaves_everything_but_times(store: ProfileStore) -> None:
    record: Record = measured(LANCZOS, memory_mb=7.0, power_w=3.0)
    twice = record.profile.slower(2.0)
    assert (twice.unit_s, twice.memory_mb, twice.power_w) == (1.0, 7.0, 3.0)


def test_seconds_to_load_are_those_of_this_machine(store: ProfileStore) -> None:
    record = measured(HOSTS, 0.5, knobs={"detail": "full"}, conditions={"height": 360})
    keep(store, msgspec.structs.replace(record, load_s=7.5))
    others = [shipped("drawn-hosts", conditions={"height": 720}), shipped("lanczos", load_s=0.25)]
    others.append(msgspec.structs.replace(others[0], device="A100", load_s=3.0))
    found = known_profiles([HOSTS, LANCZOS], others, store)
    assert [profile.load_s for profile in found] == [7.5, 7.5, 0.25, 3.0]


def test_the_pace_of_other_machines_scales_what_is_known_of_this_one(store: ProfileStore) -> None:
    calibrated(store, drawing=2.0, encoding=1.0, inference=1.0)
    keep(store, measured(LANCZOS, 0.5))
    cited = Profile("drawn-hosts", "frame", 2.0, "A100", provenance=Provenance("cited"))
    others = [shipped("drawn-hosts", 3.0), cited]
    there = {"drawing": 3.0, "encoding": 2.0, "inference": 2.0}
    before = known_profiles([LANCZOS, HOSTS], others, store)
    mine, drawn, published = known_profiles([LANCZOS, HOSTS], others, store, pace=there)
    assert mine.unit_s == pytest.approx(0.5 * 2.0)
    assert drawn.unit_s == pytest.approx(3.0 * math.sqrt(3.0 * 2.0)), "it draws and encodes"
    assert published == cited
    assert (mine.provenance.kind, drawn.provenance.kind) == ("scaled", "scaled")
    alike = {"drawing": 2.1, "encoding": 1.05, "inference": 1.0}
    assert known_profiles([LANCZOS, HOSTS], others, store, pace=alike) == before


def test_without_a_calibration_of_this_machine_only_shipped_ones_are_known_elsewhere(store: ProfileStore) -> None:
    keep(store, measured(LANCZOS, 0.5))
    there = {"drawing": 3.0, "encoding": 3.0, "inference": 3.0}
    mine, drawn = known_profiles([LANCZOS, HOSTS], [shipped("drawn-hosts")], store, pace=there)
    assert (mine.unit_s, drawn.unit_s) == (0.5, pytest.approx(6.0))
