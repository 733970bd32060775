"""A model without room on an accelerator is planned in settings that take less memory, where it has some."""

from __future__ import annotations

import msgspec
import pytest

from murakkab_optimizer.catalog import Lighter, Needs, Quality
from murakkab_optimizer.graph import Slo, Where
from murakkab_optimizer.hardware import Cluster, Offer
from murakkab_optimizer.plan import NodePlan, Pin
from murakkab_optimizer.planner import NoPlanError
from murakkab_optimizer.planner.room import configuration
from murakkab_optimizer.profiles import Profile
from tests.planner.planning import CARDS, GPU, SPEEDS, machines, model, planned, show, speed

CARD = model(
    "grand",
    "text-to-speech",
    1.0,
    gpu_mb=8000,
    knobs={"bits": 16, "waits": False},
    rated=(Quality(0.95, "test", {"bits": 4}),),
    lighter=(
        Lighter({"waits": True}, Needs(1, 9000, 5000), "a guess", more_s=30.0),
        Lighter({"bits": 4}, Needs(1, 50, 4000), "a table", slower=1.5),
        Lighter({"bits": 4, "waits": True}, Needs(1, 9000, 1000), "a guess", slower=1.5, more_s=30.0),
    ),
)
KNOWN = [card for card in CARDS if card.name != "grand"] + [CARD]


def room(memory_mb: int, count: int = 1) -> Cluster:
    return machines(2, Offer(msgspec.structs.replace(GPU, memory_mb=memory_mb), count, spot=False))


def spoken(cluster: Cluster, *, slo: Slo | None = None, speeds: list[Profile] = SPEEDS, **more: object) -> NodePlan:
    graph = show(slo, speech={"where": Where(model=("grand",))})
    return planned(graph, cluster, cards=KNOWN, profiles=speeds, **more).nodes["speech"]


def test_the_usual_settings_stay_where_they_have_room() -> None:
    made = spoken(room(8000), slo=Slo(objective=("energy",)))
    assert made.chosen.knobs == {"bits": 16, "waits": False}
    assert "since" not in made.reason


@pytest.mark.parametrize(
    ("memory_mb", "objective", "knobs", "seconds"),
    [
        (6000, "quality", {"bits": 16, "waits": True}, 0.02 * 5 + 30),
        (6000, "latency", {"bits": 4, "waits": False}, 0.02 * 5 * 1.5),
        (4500, "quality", {"bits": 4, "waits": False}, 0.02 * 5 * 1.5),
        (1000, "latency", {"bits": 4, "waits": True}, 0.02 * 5 * 1.5 + 30),
    ],
)
def test_of_settings_with_room_those_are_taken_that_serve_best(
    memory_mb: int, objective: str, knobs: dict[str, object], seconds: float
) -> None:
    made = spoken(room(memory_mb), slo=Slo(objective=(objective,)))
    assert made.chosen.knobs == knobs
    assert made.chosen.seconds == pytest.approx(seconds, rel=0.3)
    assert made.chosen.needs == CARD.needs_with(knobs) != CARD.needs
    assert made.chosen.quality == (1.0 if knobs["bits"] == 16 else 0.95)
    assert f"since in its usual settings it needs 8,000 MB and G100 has {memory_mb:,}" in made.reason
    assert made.provenance.startswith("estimated: ")


def test_without_room_for_any_the_reason_is_told() -> None:
    with pytest.raises(NoPlanError, match=r"grand: it needs 8,000 MB and G100 has 900\. Ask for a smaller one"):
        spoken(room(900))
    with pytest.raises(NoPlanError, match="it needs 8,000 MB and G100 has 6,000"):
        spoken(room(6000), pins={"speech": Pin(knobs={"bits": 16, "waits": False})})


def test_what_a_person_asks_for_is_what_has_no_room() -> None:
    with pytest.raises(NoPlanError, match="it needs 4,000 MB and G100 has 3,000"):
        spoken(room(3000), pins={"speech": Pin(knobs={"bits": 4, "waits": False})})
    made = spoken(room(3000), pins={"speech": Pin(knobs={"bits": 4})})
    assert made.chosen.knobs == {"bits": 4, "waits": True}
    assert "since otherwise it needs 4,000 MB and G100 has 3,000" in made.reason


def test_what_a_person_asks_for_is_as_slow_as_it_is_where_nothing_forces_it() -> None:
    made = spoken(room(80000), pins={"speech": Pin(knobs={"bits": 4})})
    assert made.chosen.knobs == {"bits": 4, "waits": False}
    assert made.chosen.seconds == pytest.approx(1.5 * spoken(room(80000)).chosen.seconds)
    assert "since" not in made.reason


def test_a_measured_speed_comes_before_an_estimate() -> None:
    measured = speed("grand", 0.1, device="G100", knobs={"bits": 4})
    made = spoken(room(4500), speeds=[*SPEEDS, measured])
    assert made.chosen.seconds == pytest.approx(5 * spoken(room(8000)).chosen.seconds)


def test_two_devices_in_the_usual_settings_compete_with_one_in_lighter_ones() -> None:
    wide = [*SPEEDS, speed("grand", 0.018, device="G100", devices=2)]
    best, cheap = (spoken(room(4500, 2), slo=Slo(objective=(aim,)), speeds=wide) for aim in ("quality", "cost"))
    assert (best.chosen.devices, best.chosen.knobs["bits"]) == (2, 16)
    assert (cheap.chosen.devices, cheap.chosen.knobs["bits"]) == (1, 4)


def test_a_run_that_found_no_room_makes_the_next_plan_lighter() -> None:
    wanted = configuration("grand", "G100", show().node("speech"), CARD.knobs)
    seen = msgspec.structs.replace(wanted, beyond_mb=20000.0)
    made = spoken(room(20000), slo=Slo(objective=("latency",)), memories=[seen])
    assert made.chosen.knobs == {"bits": 4, "waits": False}
    assert "since in its usual settings it found no room in 20,000 MB of memory" in made.reason
