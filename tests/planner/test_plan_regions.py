"""What goes from one region to another takes its time, and only where a link is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from murakkab_optimizer.catalog import Range
from murakkab_optimizer.graph import Edge, Graph, Node, Slo, Where
from murakkab_optimizer.hardware import Cluster, Link, Offer
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.planner import NoPlanError
from tests.planner.planning import CARDS, CORE, GPU, SPEEDS, model, planned, show, speed, spoken, told

NEAR = (Offer(CORE, 4, spot=False, region="west"), Offer(GPU, 2, spot=False, region="west"))
FAR = (Offer(CORE, 4, spot=False, region="west"), Offer(GPU, 2, spot=False, region="east"))
GRAND = {"where": Where(model=("grand",))}


def machines(offers: tuple[Offer, ...], *links: Link) -> Cluster:
    return Cluster("regions", offers, billing="used", links=links)


def link(gbit_s: float = 1.0, latency_s: float = 0.5) -> Link:
    return Link("west", "east", gbit_s, latency_s)


def spoken_by(cluster: Cluster, slo: Slo | None = None, **speech: Any) -> Plan:
    return planned(show(slo, speech=speech), cluster)


def test_the_way_there_and_back_comes_before_the_first_item() -> None:
    near, far = (spoken_by(machines(offers, link()), **GRAND) for offers in (NEAR, FAR))
    assert told(far, "ttff").value - told(near, "ttff").value == pytest.approx(1.0, abs=0.01)
    assert told(far, "latency").value - told(near, "latency").value == pytest.approx(1.0, abs=0.01)
    assert any("between regions a clip counts as" in line for line in far.defaults)
    assert not any("between regions" in line for line in near.defaults)


def test_a_promise_keeps_a_far_model_out() -> None:
    cluster = machines(FAR, link())
    assert spoken(spoken_by(cluster))[0] == "grand"
    plan = spoken_by(cluster, Slo(ttff_s=0.9))
    assert spoken(plan)[0] == "plain"
    assert "ttff 0.9 s is promised" in spoken(plan)[1]


def test_a_narrow_link_lets_items_follow_each_other() -> None:
    # 12 turns of 5 s are 60 x 48 kB of speech; over 1 Mbit/s they take 23 s
    narrow, wide = (spoken_by(machines(FAR, link(gbit_s, 0.0)), **GRAND) for gbit_s in (0.001, 1.0))
    assert told(narrow, "latency").value > 60 * 48_000 * 8 / 1e6
    assert told(wide, "latency").value < 15


def test_regions_without_a_link_are_not_spanned() -> None:
    plan = spoken_by(machines(FAR))
    assert spoken(plan)[0] == "fine"
    with pytest.raises(NoPlanError, match="no link of regions connects these regions"):
        spoken_by(machines(FAR), **GRAND)


def test_a_link_goes_both_ways_unless_the_other_way_is_named() -> None:
    back = Link("east", "west", 1.0, 2.0)
    one, both = (spoken_by(machines(FAR, *links), **GRAND) for links in ((link(),), (link(), back)))
    assert told(both, "ttff").value - told(one, "ttff").value == pytest.approx(1.5, abs=0.01)


def test_offers_that_name_no_region_are_next_to_each_other() -> None:
    nowhere = tuple(msgspec.structs.replace(offer, region="") for offer in FAR)
    somewhere = machines((*nowhere, Offer(GPU, 1, spot=False, region="east")), link())
    assert (
        told(spoken_by(somewhere, **GRAND), "ttff").value
        < told(spoken_by(machines(FAR, link()), **GRAND), "ttff").value
    )


def test_the_whole_of_a_step_goes_at_once() -> None:
    first = Node("film", "text-to-video", {"duration": 60, "height": 1080, "fps": 20})
    last = Node("package", "pack", {}, (Edge("film"),))
    cards = [model("grand", "text-to-video", 1.0, gpu_mb=8000), model("wrap", "pack", 1.0)]
    speeds = [speed("grand", 0.01, device="G100"), *(s for s in SPEEDS if s.model == "wrap")]
    near, far = (
        planned(Graph("film", (first, last)), machines(offers, link(0.1, 0.0)), cards=cards, profiles=speeds)
        for offers in (NEAR, FAR)
    )
    film = 0.1 * 1080 * 1920 * 20 * 60
    assert told(far, "latency").value - told(near, "latency").value == pytest.approx(film / 0.1e9, rel=0.01)


def test_what_goes_to_several_readers_goes_at_once_with_and_without_cores() -> None:
    film = Node("film", "text-to-video", {"duration": 60, "height": 1080, "fps": 20}, where=Where(region="west"))
    readers = [Node(name, "pack", {}, (Edge("film"),), where=Where(region="east")) for name in "abc"]
    cards = [model(name, of, 1.0, gpu_mb=8000) for name, of in (("grand", "text-to-video"), ("wrap", "pack"))]
    gpus = [Offer(GPU, 2, spot=False, region=region) for region in ("west", "east")]
    without, beside = (
        planned(
            Graph("film", (film, *readers)),
            machines((*cores, *gpus), link(0.1, 0.0)),
            cards=cards,
            profiles=[speed(card.name, 0.01, device="G100") for card in cards],
        )
        for cores in ((), NEAR[:1])
    )
    assert told(without, "latency").value == pytest.approx(told(beside, "latency").value)


def test_a_tier_of_the_whole_is_found_in_spite_of_the_regions() -> None:
    plan = spoken_by(machines((*FAR, NEAR[1]), link()), Slo(latency="good"))
    limit = told(plan, "latency")
    assert limit.value <= limit.limit


@pytest.mark.parametrize(("objective", "latency_s"), [("latency", 0.002), ("ttff", 0.2), ("latency", 5.0)])
def test_the_plan_is_the_best_of_all_places(objective: str, latency_s: float) -> None:
    slow = [msgspec.structs.replace(one, unit_s=0.4) if one.model == "grand" else one for one in SPEEDS]
    cluster = machines((*FAR, NEAR[1]), link(0.05, latency_s))
    slo = Slo(objective=(objective,))

    def value(**speech: Any) -> float:
        return told(planned(show(slo, speech=speech), cluster, profiles=slow), objective).value

    places = [Where(model=(name,), region=region) for name in ("grand", "fine", "plain") for region in ("west", "east")]
    tried = [value(where=place) for place in places if place.region == "west" or place.model == ("grand",)]
    assert value() == pytest.approx(min(tried))


def test_stills_of_a_last_resort_move_like_the_rest() -> None:
    pen = model("pen", "image-to-video", 0.5, knobs={"detail": "full"}, still={"detail": "still"})
    pen = msgspec.structs.replace(pen, ranges={"detail": Range(("full", "still"))})
    speeds = [s for s in SPEEDS if s.model != "pen"]
    speeds += [speed("pen", seconds, "frame", knobs={"detail": d}) for d, seconds in (("full", 0.9), ("still", 0.001))]
    cards = [pen, *(card for card in CARDS if card.name != "pen")]
    slo = Slo(latency=30.0)
    near, far = (
        planned(show(slo, speech=GRAND), machines(offers, link()), cards=cards, profiles=speeds)
        for offers in (NEAR, FAR)
    )
    assert near.nodes["video"].chosen.knobs == far.nodes["video"].chosen.knobs == {"detail": "still"}
    assert told(far, "latency").value - told(near, "latency").value == pytest.approx(1.0, abs=0.01)
