"""Promises in words are percentiles of what can be reached."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab_optimizer.graph import TIERS, Slo, Where
from murakkab_optimizer.planner.tiers import SHARES, ceiling, floor
from tests.planner.planning import planned, show, spoken

VALUES = [value / 100 for value in range(1, 101)]


@pytest.mark.parametrize(
    ("tier", "high", "low"), [("best", 1.0, 0.01), ("good", 0.96, 0.05), ("fair", 0.81, 0.2), ("basic", 0.51, 0.5)]
)
def test_a_tier_is_the_nearest_rank_from_the_good_side(tier: str, high: float, low: float) -> None:
    assert floor(tier, VALUES) == high
    assert ceiling(tier, VALUES) == low


def test_a_number_stands_for_itself() -> None:
    assert (floor(0.3, []), floor(None, []), ceiling(4, []), ceiling(None, [])) == (0.3, 0.0, 4, float("inf"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.sampled_from(TIERS))
def test_enough_of_what_can_be_had_keeps_a_tier(values: list[float], tier: str) -> None:
    kept = sum(value >= floor(tier, values) for value in values)
    assert kept >= 1
    assert kept >= SHARES[tier] * len(values)
    assert max(values) >= floor(tier, values)


def test_a_tier_of_a_node_is_among_its_own_configurations() -> None:
    cheap = ("cost",)
    rated = {tier: spoken(planned(show(speech={"slo": Slo(quality=tier, objective=cheap)})))[0] for tier in TIERS}
    assert rated == {"best": "fine", "good": "fine", "fair": "fine", "basic": "fine"}
    three = show(speech={"slo": Slo(latency="best"), "where": Where(model=("fine", "plain"))})
    assert spoken(planned(three)) == (
        "plain",
        "asked for by where, with the promised latency best",
    )


def test_tiers_of_time_and_money_are_kept() -> None:
    slow, quick = (planned(show(Slo(latency=tier))) for tier in ("basic", "best"))
    limits = [next(said.limit for said in plan.predictions if said.name == "latency") for plan in (slow, quick)]
    assert limits[1] < limits[0]
    assert spoken(quick)[0] == "plain"
    assert spoken(planned(show(Slo(cost="best"))))[0] == "plain"
