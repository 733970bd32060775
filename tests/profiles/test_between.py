"""Speeds at conditions that nobody measured: between measurements, beyond them, and on devices with one alone."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab_optimizer.graph import Edge, Graph, Node, Slo
from murakkab_optimizer.hardware import Cluster, DeviceType, Offer
from murakkab_optimizer.planner import PlanRequest, plan_workflow
from murakkab_optimizer.planner.speeds import Speeds
from murakkab_optimizer.profiles import Profile, Provenance
from murakkab_optimizer.profiles.between import Family
from murakkab_optimizer.profiles.curve import error_at, rising, seconds_at
from murakkab_runtimes.catalog import load_catalog, load_profiles

CARDS = load_catalog()
SHIPPED = load_profiles()
SPEEDS = Speeds(SHIPPED)
FLUX = [profile for profile in SHIPPED if profile.model == "flux-1-dev"]
RAW = [profile for profile in FLUX if "), raw runs:" in profile.provenance.source]
A100 = DeviceType("A100", 3.4, spot=1.07, idle_w=65, peak_w=400, memory_mb=81920)


def drawn(profiles: list[Profile], device: str, steps: int = 25, **size: int) -> dict[int, Profile]:
    """Speeds of Flux by the number of devices."""
    node = Node("studio", "text-to-image", dict(size))
    found = Speeds(profiles).find("flux-1-dev", device, node, {"steps": steps}, other=True)
    return {profile.devices: profile for profile in found}


def without(**conditions: int) -> list[Profile]:
    """The raw runs of Flux but for those of one size."""
    return [p for p in RAW if any(p.conditions[name] != value for name, value in conditions.items())]


def test_a_published_size_that_is_left_out_is_told_from_the_others() -> None:
    missed, of_nearest = [], []
    for device in ("A100", "H100", "H200"):
        found = drawn(without(width=1280, height=720), device, width=1280, height=720)
        known = drawn(RAW, device, width=1280, height=720)
        assert found.keys() == known.keys() == {1, 2, 4, 8}
        for devices, profile in found.items():
            missed.append(abs(profile.unit_s / known[devices].unit_s - 1))
            nearer = drawn(RAW, device, width=640, height=480)[devices]
            of_nearest.append(abs(nearer.unit_s / known[devices].unit_s - 1))
            assert profile.provenance.kind == "estimated"
            assert "interpolated between 640x480 and 1920x1072" in profile.provenance.source
            assert "% off where that can be checked" in profile.provenance.source
    assert statistics.median(missed) < min(0.1, statistics.median(of_nearest) / 3)
    assert max(missed) < 0.2


def test_what_was_taken_at_just_these_conditions_is_taken_as_it_is() -> None:
    found = drawn(FLUX, "A100", width=1280, height=720)[1]
    assert found in FLUX
    assert (found.unit_s, found.provenance.kind) == (11.25, "cited")


def test_time_is_not_linear_in_pixels() -> None:
    small, large = (drawn(RAW, "A100", width=w, height=h)[1].unit_s for w, h in ((640, 480), (3600, 2000)))
    assert large / small > 1.15 * (3600 * 2000) / (640 * 480)


def test_beyond_what_was_measured_it_says_so() -> None:
    found = drawn(without(width=3840, height=2160), "A100", width=3840, height=2160)[1]
    assert "extrapolated from 1920x1072 and 2560x1440" in found.provenance.source
    assert found.unit_s == pytest.approx(drawn(RAW, "A100", width=3840, height=2160)[1].unit_s, rel=0.3)


def test_other_steps_at_another_size_come_from_one_curve_after_the_other() -> None:
    steps = (
        drawn(RAW, "A100", 50, width=1280, height=720)[1].unit_s / drawn(RAW, "A100", width=1280, height=720)[1].unit_s
    )
    found = drawn(RAW, "A100", 50, width=1920, height=1072)[1]
    assert "1920x1072" in found.provenance.source
    assert "steps 50" in found.provenance.source
    assert found.unit_s == pytest.approx(25.25 * steps, rel=0.1)


def test_a_device_that_was_measured_at_one_size_takes_the_shape_of_the_others() -> None:
    (known,) = [p for p in FLUX if (p.device, p.devices) == ("GB200", 1)]
    larger = drawn(FLUX, "GB200", width=1280, height=720)[1]
    assert known.conditions == {"width": 640, "height": 400}
    assert 2 < larger.unit_s / known.unit_s < 4
    assert "by a model of" in larger.provenance.source
    assert larger.provenance.source.endswith(known.provenance.source)


def test_times_of_a_whole_task_change_together() -> None:
    family = [Profile("pen", "frame", unit_s, conditions={"height": h}) for h, unit_s in ((100, 1.0), (200, 4.0))]
    family = [msgspec.structs.replace(p, fixed_s=p.unit_s / 2, first_s=p.unit_s) for p in family]
    found = Family(family).at(family, {"height": 150})
    assert found is not None
    assert (found.unit_s, found.fixed_s, found.first_s) == pytest.approx((2.25, 1.125, 2.25))
    assert found.conditions == {"height": 150}


def test_one_profile_alone_is_taken_as_it_is_and_says_at_what() -> None:
    alone = Profile("pen", "frame", 1.0, conditions={"height": 100}, provenance=Provenance("shipped", "a card"))
    found = Family([alone]).at([alone], {"height": 150})
    assert found is not None
    assert (found.unit_s, found.provenance.kind) == (1.0, "shipped")
    assert found.provenance.source == "of 100 lines, the nearest that is known; a card"


def test_profiles_of_other_words_or_publications_are_no_part_of_a_curve() -> None:
    here = Profile("pen", "frame", 1.0, conditions={"height": 100, "form": "plain"})
    others = [
        Profile("pen", "frame", 9.0, conditions={"height": 200, "form": "code"}),
        Profile("pen", "word", 9.0, conditions={"height": 200, "form": "plain"}),
        Profile("pen", "frame", 9.0, conditions={"height": 200, "form": "plain"}, provenance=Provenance("cited", "B")),
    ]
    found = Family([here, *others]).at([here], {"height": 150, "form": "plain"})
    assert found is not None
    assert found.unit_s == 1.0


def test_embedded_drawing_of_540_lines_lies_between_360_and_720() -> None:
    card = CARDS["drawn-hosts"]
    found: dict[int, Any] = {}
    for height in (360, 540, 720):
        node = Node("hosts", "image-to-video", {"width": height * 16 // 9, "height": height})
        found[height] = Speeds(load_profiles()).on_processor(card, node, card.knobs)
    assert found[360].unit_s < found[540].unit_s < found[720].unit_s
    assert "interpolated between 360 lines and" in found[540].provenance.source
    assert "for 960x540;" in found[540].provenance.source


def test_a_plan_says_that_a_time_is_interpolated() -> None:
    studio = Node("studio", "text-to-image", {"width": 1280, "height": 800})
    packed = Node("package", "pack", {}, (Edge("studio"),))
    pack = msgspec.structs.replace(
        CARDS["fmp4"], capability="pack", needs=msgspec.structs.replace(CARDS["fmp4"].needs, threads=0)
    )
    cores = DeviceType("cpu", 0.0, kind="cpu")
    request = PlanRequest(
        graph=Graph("pictures", (studio, packed), slo=Slo(latency=60.0)),
        cards=[CARDS["flux-1-dev"], pack],
        profiles=FLUX,
        cluster=Cluster("two", (Offer(cores, 4, spot=False), Offer(A100, 2))),
        relax=False,
    )
    plan = plan_workflow(request).nodes["studio"]
    assert plan.chosen.seconds == pytest.approx(7.5, rel=0.1)
    assert plan.provenance.startswith("estimated: interpolated between 1280x720 and 1920x1072")


def test_an_inferred_speed_does_not_depend_on_what_was_asked_before() -> None:
    first, later = Speeds(FLUX), Speeds(FLUX)

    def ask(speeds: Speeds, **size: int) -> list[float]:
        node = Node("studio", "text-to-image", dict(size))
        return [p.unit_s for p in speeds.find("flux-1-dev", "GB200", node, {"steps": 50}, other=True)]

    ask(later, width=1920, height=1072)
    assert ask(first, height=1072) == ask(later, height=1072)


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (2, 1, 0)])
def test_numbers_that_nobody_asks_for_are_kept_apart(order: tuple[int, ...]) -> None:
    taken = [(360, 9, 1.0), (720, 99, 44.0), (720, 9, 4.0)]
    family = [Profile("pen", "clip", s, conditions={"height": h, "frames": f}) for h, f, s in taken]
    family = [family[place] for place in order]
    found = Family(family).at(family, {"height": 540})
    assert found is not None
    assert (found.unit_s, found.conditions["frames"]) == (2.25, 9)


def test_a_latency_model_keeps_apart_what_nobody_asks_for() -> None:
    family = [
        Profile("pen", "clip", frames * height**2 / 1e4, device=device, conditions={"height": height, "frames": frames})
        for device in ("A", "B")
        for frames, heights in ((9, (100, 200, 400)), (99, (400, 800, 1600)))
        for height in heights
    ]
    alone = Profile("pen", "clip", 5.0, device="C", conditions={"height": 100, "frames": 9})
    found = Family([*family, alone]).at([alone], {"height": 400})
    assert found is not None
    assert found.unit_s == pytest.approx(80.0, rel=0.05)


def test_sizes_that_no_table_has_are_inferred_from_one_origin() -> None:
    exact = drawn(FLUX, "A100", width=640, height=400)[1]
    assert (exact.unit_s, exact.provenance.kind) == (9.75, "cited")
    for height in (399, 420, 440):
        found = drawn(FLUX, "A100", width=640, height=height)
        assert all("), raw runs:" in found[devices].provenance.source for devices in (1, 2, 4, 8))


def sized(name: str, knobs: dict[str, Any], height: int) -> Iterator[Profile]:
    """Speeds of a model on every device, but for what was taken at just this size."""
    node = Node("any", CARDS[name].capability, {"width": height * 16 // 9, "height": height, "fps": 24})
    more = {"seconds": 5.0, "from_height": height / 2}
    for device in sorted({profile.device for profile in SHIPPED if profile.model == name}):
        for found in SPEEDS.find(name, device, node, knobs, other=True, more=more):
            if found not in SHIPPED:
                yield found


@pytest.mark.parametrize("steps", [None, 10, 25, 28])
def test_larger_pictures_are_never_inferred_to_take_less_time(steps: int | None) -> None:
    """What was published is taken as it is: a table of another origin; less time for more pixels on several devices."""
    drawing = {profile.model for profile in SHIPPED if "height" in profile.conditions}
    before: dict[tuple[str, str, int], tuple[float, float]] = {}
    asked = 0
    for name in sorted(drawing) if steps is None else ["flux-1-dev"]:
        knobs = {**CARDS[name].knobs, **({} if steps is None else {"steps": steps})}
        for height in range(190, 2200, 110):
            for found in sized(name, knobs, height):
                key, taking = (name, found.device, found.devices), (found.seconds(1), found.seconds(10))
                assert all(now >= was * (1 - 1e-9) for now, was in zip(taking, before.get(key, taking), strict=True)), (
                    key,
                    height,
                )
                before[key] = taking
                asked += 1
    assert asked > 300


def test_where_more_work_took_less_time_the_curve_stays_level() -> None:
    assert rising([(1.0, 2.0), (2.0, 4.0), (3.0, 2.0), (4.0, 6.0)]) == [(1.0, 2.0), (2.0, 3.0), (3.0, 3.0), (4.0, 6.0)]


points = st.lists(
    st.tuples(st.floats(0.5, 500), st.floats(0.01, 100)), min_size=2, max_size=6, unique_by=lambda p: round(p[0], 1)
)


@settings(max_examples=60, deadline=None)
@given(points, st.floats(0.1, 2000))
def test_a_curve_goes_through_its_points_and_stays_above_0(found: list[tuple[float, float]], work: float) -> None:
    found = sorted(found)
    for known, seconds in found:
        assert seconds_at(found, known) == pytest.approx(seconds)
    assert seconds_at(found, work) > 0
    rising = sorted(seconds for _, seconds in found)
    found = [(known, seconds) for (known, _), seconds in zip(found, rising, strict=True)]
    assert seconds_at(found, work) <= seconds_at(found, work * 1.5) * (1 + 1e-9)


def test_two_points_leave_nothing_to_check_with() -> None:
    line = [(1.0, 2.0), (2.0, 3.0), (4.0, 5.0)]
    assert error_at(line[:2], 1.5) is None
    assert error_at(line, 3.0) == pytest.approx(0.0)
    assert error_at([(1.0, 2.0), (2.0, 6.0), (4.0, 5.0)], 3.0) == pytest.approx(0.5)
