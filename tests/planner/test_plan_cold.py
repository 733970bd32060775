"""What loading takes: on a cold start, for new instances, and as measured rather than as the card says."""

from __future__ import annotations

import msgspec
import pytest

from murakkab_optimizer.graph import Slo
from murakkab_optimizer.hardware import Offer
from tests.planner.planning import CARDS, GPU, SPEEDS, machines, planned, show, told

LOADS = {"writer": 2.0, "pen": 0.5, "fine": 1.0, "wrap": 0.0}
LOADING = [msgspec.structs.replace(card, load_s=LOADS.get(card.name, 0.0)) for card in CARDS]


def test_a_plan_tells_times_with_loaded_models_and_on_a_cold_start() -> None:
    warm, plan = planned(show()), planned(show(), cards=LOADING)
    for name in ("ttff", "latency"):
        assert told(plan, name).value == told(warm, name).value
        assert told(warm, name).cold is None
    # two cores load writer, fine and pen, 3.5 core-seconds, and the first words are written after 2 s
    before = told(warm, "ttff").value
    assert 2.0 <= told(plan, "ttff").cold <= before + 2.0 + 1e-9
    assert "on a cold start" in told(plan, "ttff").note


def test_a_promise_is_for_loaded_models() -> None:
    plan = planned(show(Slo(ttff_s=1.7)), cards=LOADING)
    assert told(plan, "ttff").cold > 1.7 >= told(plan, "ttff").value


def test_what_runs_already_needs_no_loading() -> None:
    first = planned(show(), cards=LOADING)
    assert told(planned(show(), cards=LOADING, in_force=first), "ttff").cold is None


def test_measured_loading_and_memory_count_and_not_those_of_the_card() -> None:
    speeds = [msgspec.structs.replace(one, load_s=LOADS.get(one.model, 0.0) * 10, memory_mb=777.0) for one in SPEEDS]
    plan = planned(show(), cards=LOADING, profiles=speeds)
    assert told(plan, "ttff").cold >= 20.0
    assert plan.nodes["speech"].chosen.needs.memory_mb == 777


def test_a_new_accelerator_pays_for_its_measured_loading() -> None:
    cluster = machines(2, Offer(GPU, 1, spot=False))
    slow = [msgspec.structs.replace(one, load_s=3600.0) if one.model == "grand" else one for one in SPEEDS]
    cost = [told(planned(show(), cluster, profiles=known), "cost").value for known in (SPEEDS, slow)]
    assert cost[1] - cost[0] == pytest.approx(4.0)
    held = planned(show(), cluster)
    again = planned(show(), cluster, profiles=slow, in_force=held)
    assert told(again, "cost").value == pytest.approx(cost[0])
