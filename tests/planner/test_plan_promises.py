"""Whatever is asked for: a plan keeps it, or there is none and the nearest promise could be kept."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab_optimizer.graph import TIERS, Slo, Where
from murakkab_optimizer.hardware import Offer
from murakkab_optimizer.plan import Pin, Plan
from murakkab_optimizer.planner import NoPlanError
from tests.planner.planning import GPU, machines, planned, show, told

BOUND = st.none() | st.sampled_from(TIERS)
OBJECTIVES = st.lists(st.sampled_from(("quality", "latency", "ttff", "cost", "energy")), unique=True, max_size=2)
SLOS = st.builds(
    Slo,
    ttff_s=st.none() | st.floats(0.2, 3),
    realtime=st.booleans(),
    latency=BOUND | st.floats(3, 60),
    cost=BOUND | st.floats(0.0002, 0.02),
    energy=BOUND,
    quality=BOUND | st.floats(0, 1),
    objective=OBJECTIVES.map(tuple),
)
PLACES = st.builds(
    Where,
    model=st.lists(st.sampled_from(("fine", "plain", "grand")), unique=True, max_size=2).map(tuple),
    device=st.sampled_from(("", "cpu", "gpu", "G100")),
    spot=st.booleans(),
)
GPUS = st.builds(Offer, st.just(GPU), st.integers(1, 3), st.booleans())
OFFERS = st.lists(GPUS, max_size=2, unique_by=lambda offer: offer.spot)
PINS = st.none() | st.sampled_from(("fine", "plain"))


def kept(plan: Plan) -> bool:
    """Whether all that is predicted is within what is promised."""
    for said in plan.predictions:
        if said.value is None or said.limit is None:
            continue
        slack = 1e-5 * max(1.0, abs(said.limit))
        if said.name == "quality" and said.value < said.limit - slack:
            return False
        if said.name != "quality" and said.name != "realtime" and said.value > said.limit + slack:
            return False
    return True


@settings(max_examples=40, deadline=None)
@given(slo=SLOS, where=PLACES, offers=OFFERS, cores=st.integers(1, 4), pin=PINS)
def test_a_plan_keeps_its_word(slo: Slo, where: Where, offers: list[Offer], cores: int, pin: str | None) -> None:
    cluster = machines(cores, *offers)
    try:
        plan = planned(show(slo, speech={"where": where}), cluster, pins={"speech": Pin(pin)} if pin else {})
    except NoPlanError:
        return
    speech = plan.nodes["speech"]
    assert kept(plan)
    assert not where.model or speech.chosen.model in where.model
    assert pin is None or speech.chosen.model == pin
    assert where.device in ("", "cpu" if speech.chosen.device == "cpu" else "gpu", speech.chosen.device)
    assert where.spot or not any(group.spot for group in speech.instances)
    assert all(node.reason for node in plan.nodes.values())
    assert {speech.chosen.model, *(name for name, _ in speech.alternatives)} == {"fine", "plain", "grand"}
    for device in {group.device for group in plan.instances} - {"cpu"}:
        used = sum(group.devices * group.count for group in plan.instances if group.device == device)
        assert used <= sum(offer.count for offer in offers)


@pytest.mark.parametrize("name", ["ttff", "latency", "quality", "cost"])
def test_the_nearest_promise_can_be_kept(name: str) -> None:
    asked = {"ttff": Slo(ttff_s=0.01), "latency": Slo(latency=0.5), "cost": Slo(cost=1e-6)}
    slo = asked.get(name, Slo(quality=0.9, latency=8.0))
    with pytest.raises(NoPlanError) as fault:
        planned(show(slo))
    nearest = fault.value.nearest[name]
    field = "ttff_s" if name == "ttff" else name
    given_way = msgspec.structs.replace(slo, **{field: nearest * (0.999 if name == "quality" else 1.001)})
    plan = planned(show(given_way))
    assert told(plan, name).value == pytest.approx(nearest, rel=0.01)
