"""The ladder of shots that are generated in stages: what a plan leaves the scheduler to give up, and in which order."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from murakkab_optimizer.catalog import ModelCard, Needs, Quality
from murakkab_optimizer.hardware import Cluster
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.planner import PlanRequest, plan_workflow
from murakkab_optimizer.profiles import Profile, Provenance
from tests.simulator.generated import CLUSTER, show

GUESS = Provenance("estimated", "made up for this test")


def card(name: str, capability: str, *, gpu: bool, quality: float = 0.8, **others: object) -> ModelCard:
    needs = Needs(1, 100, 1000 if gpu else 0)
    return ModelCard(
        name, capability, "none", "", "Apache-2.0", "", needs=needs, quality=Quality(quality, "made up"), **others  # type: ignore[arg-type]
    )  # fmt: skip


def steps(*rated: tuple[int, float]) -> dict[str, object]:
    return {"knobs": {"steps": 10}, "rated": tuple(Quality(value, "made up", {"steps": n}) for n, value in rated)}


CARDS = (
    card("writer", "text-generation", gpu=False),
    card("voice", "text-to-speech", gpu=False),
    card("film", "video-denoising", gpu=True, **steps((5, 0.7), (0, 0.2)), still={"steps": 0}),
    card("decoder", "video-decoding", gpu=True, quality=1.0),
    card("lips", "lip-sync", gpu=True, **steps((5, 0.6), (0, 0.3), (20, 0.9))),
    card("packer", "video-packaging", gpu=False),
)
SPEEDS = {"writer": 0.02, "voice": 0.02, "film": 0.6, "decoder": 0.15, "lips": 12.0, "packer": 0.01}
"""Seconds of one device for a second of the show."""


def profiles() -> list[Profile]:
    devices = {c.name: "GPU" if c.needs.accelerator_mb else "cpu" for c in CARDS}
    return [Profile(c.name, "audio-second", SPEEDS[c.name], devices[c.name], provenance=GUESS) for c in CARDS]


def made(cards: tuple[ModelCard, ...] = CARDS, cluster: Cluster = CLUSTER, unknown: str = "") -> Plan:
    graph, speeds = show(24, ttff_s=200.0), [one for one in profiles() if one.model != unknown]
    return plan_workflow(PlanRequest(graph, cards, speeds, cluster, relax=False))


def test_denoisers_make_fewer_steps_and_are_left_out_with_their_decoders() -> None:
    plan = made()
    assert plan.rungs[0].name == "as planned"
    assert plan.rungs[-1].name == "still"
    assert [rung.static for rung in plan.rungs] == [*[False] * (len(plan.rungs) - 1), True]
    assert plan.start == 0
    for rung in plan.rungs:
        film, decode, lips = (rung.nodes[name] for name in ("film", "decode", "lips"))
        assert bool(film.seconds) == bool(decode.seconds) == bool(film.knobs["steps"])
        assert (film.devices, decode.devices) == ((1, 1) if film.seconds else (0, 0))
        assert bool(lips.devices) == bool(lips.knobs["steps"]) == bool(rung.paces["lips"])
        assert film.seconds or not lips.seconds, "nothing speaks that stands still"
    assert {rung.nodes["lips"].knobs["steps"] for rung in plan.rungs} == {10, 5, 0}, "never more than planned"


def test_fewer_steps_take_less_time_in_proportion_and_are_rated_as_the_card_says() -> None:
    plan = made()
    best = plan.rungs[0]
    half = next(rung for rung in plan.rungs if rung.nodes["lips"].knobs["steps"] == 5)
    assert half.nodes["lips"].seconds == pytest.approx(best.nodes["lips"].seconds / 2)
    assert half.quality == pytest.approx(0.6 / 0.8)
    assert "lips in 5 steps" in half.name


def test_rungs_fall_in_quality_and_in_what_accelerators_have_to_do() -> None:
    plan = made()
    work = [sum(one.seconds * one.devices for one in rung.nodes.values()) for rung in plan.rungs]
    qualities = [rung.quality for rung in plan.rungs]
    assert qualities == sorted(qualities, reverse=True)
    assert all(after < before for before, after in itertools.pairwise(work))


def test_a_plan_has_no_rungs_where_no_card_rates_fewer_steps() -> None:
    plain = tuple(msgspec.structs.replace(one, rated=(), still={}) for one in CARDS)
    assert made(plain).rungs == ()


@pytest.mark.parametrize("unknown", ["film", "decoder", "lips"])
def test_a_plan_has_no_rungs_where_nobody_knows_how_fast_a_stage_is(unknown: str) -> None:
    plan = made(unknown=unknown)
    assert plan.rungs == ()
    assert any(f"nobody measured {unknown} on GPU" in note for note in plan.notes)
