"""The replay of fleets keeps its own arithmetic: times, rent, energy and promises of cases that can be worked out."""

from __future__ import annotations

import pytest

from benchmarks.fleet_pools import Request, World
from benchmarks.fleet_replay import Replay
from murakkab_optimizer.hardware import CPU, Cluster, DeviceType, Offer
from murakkab_optimizer.planner.fleet import (
    FleetCatalogue,
    FleetPlan,
    Group,
    RequestClass,
    Share,
    Standby,
    Step,
    WorkflowConfiguration,
)
from murakkab_optimizer.profiles import LoadPoint, Profile

STEPS = Step("listen", "stt", "task"), Step("answer", "m", "token", 100, calls=2)
MODEL = Profile("m", "token", 0.1, "A", 2, fixed_s=0.5, load=(LoadPoint(10, 0.1), LoadPoint(15, 0.2)), power_w=300)
"""One call: 0.1 s a token; three at once, which is all it takes: 0.2 s."""
TOOL = Profile("stt", "task", 0.0, CPU, devices=8, fixed_s=20.0)
CATALOGUE = FleetCatalogue((WorkflowConfiguration("video", "m 1 frames", 0.9, STEPS),), (MODEL, TOOL))
MACHINES = Cluster(
    "a",
    (Offer(DeviceType("A", 3.0, idle_w=50), 100, spot=False), Offer(DeviceType(CPU, 0.0, kind="cpu"), 24, spot=False)),
)
ALONE_S = 20 + 2 * 100 * 0.1 + 2 * 0.5


def plan(count: int, warm: int = 0, share: float = 1.0) -> FleetPlan:
    group = Group(0, "m", "A", 2, False, 3.0, 15.0, 0.2, float(count))
    standby = (Standby("A", False, warm),) if warm else ()
    return FleetPlan("repaired", (group,), (Share(0, 0, (None, 0), share, 0.0, 0.9),), standby, 0, 0, 0, (0.0,))


def replay(plans: list[FleetPlan], requests: list[Request], end_s: float = 3600.0, **promise: float) -> Replay:
    promises = [RequestClass("video", "only", promise.get("quality", 0.0), promise.get("latency_s", 1e9))]
    world = World(CATALOGUE, MACHINES, promises, [1.0, 1.0], 0.0, end_s)
    done = Replay(world, requests)
    done.run(lambda epoch: plans[min(epoch, len(plans) - 1)], 3600.0)
    return done


def test_one_request_takes_its_critical_path() -> None:
    done = replay([plan(1)], [Request(10.0, 0, 1.0, 0.5)])
    assert done.ledger.served == [(0, pytest.approx(ALONE_S), 0.9)]
    assert replay([plan(1)], [Request(10.0, 0, 0.5, 0.5)]).ledger.served[0][1] == pytest.approx(20 + 10 + 1)


def test_calls_share_an_instance_and_slow_down() -> None:
    three = [Request(0.0, 0, 1.0, 0.5) for _ in range(3)]
    assert [seconds for _, seconds, _ in replay([plan(1)], three).ledger.served] == [pytest.approx(20 + 40 + 1)] * 3
    two = [Request(0.0, 0, 1.0, 0.5) for _ in range(2)]
    assert [seconds for _, seconds, _ in replay([plan(2)], two).ledger.served] == [pytest.approx(ALONE_S)] * 2


def test_what_does_not_fit_waits_for_a_place_or_for_cores() -> None:
    four = [Request(0.0, 0, 1.0, 0.5) for _ in range(4)]
    times = sorted(seconds for _, seconds, _ in replay([plan(1)], four).ledger.served)
    assert times[:3] == [pytest.approx(61.0)] * 3
    assert times[3] == pytest.approx(20 + 40 + 20 + 1)  # cores hold three at once; the fourth is alone afterwards


def test_rent_and_energy_are_those_of_the_time_in_the_window() -> None:
    idle = replay([plan(2)], []).ledger.figures()
    assert (idle["accelerators_mean"], idle["cost_usd"]) == (pytest.approx(4), pytest.approx(12.0))
    assert idle["energy_kwh"] == pytest.approx(4 * 50 / 1000)
    busy = replay([plan(2)], [Request(0.0, 0, 1.0, 0.5)]).ledger.figures()
    assert busy["energy_kwh"] - idle["energy_kwh"] == pytest.approx((300 - 100) / 3 * 20 / 3.6e6)


def test_a_new_instance_is_paid_for_while_it_comes_and_what_stands_by_is_quick() -> None:
    grown = replay([plan(1), plan(2)], [], end_s=7200.0).ledger.figures()
    assert grown["cost_usd"] == pytest.approx(6 + 12)
    warm = replay([plan(1, warm=2)], [], end_s=3600.0).ledger.figures()
    assert warm["accelerators_mean"] == pytest.approx(4)
    many = [Request(0.0, 0, 100.0, 0.5) for _ in range(9)]
    slow = replay([plan(1)], list(many)).pools
    assert all(pool.coming == 0 for pool in slow.values())


def test_an_instance_that_goes_ends_its_calls_first() -> None:
    late = Request(3590.0, 0, 1.0, 0.5)
    done = replay([plan(2), plan(1)], [late], end_s=7200.0)
    assert done.ledger.served[0][1] == pytest.approx(ALONE_S)
    assert done.ledger.figures()["cost_usd"] == pytest.approx(12 + 6)


def test_broken_promises_and_refusals_are_told_apart() -> None:
    requests = [Request(100.0 * n, 0, 1.0, (n + 0.5) / 10) for n in range(10)]
    kept = replay([plan(1, share=0.7)], requests, latency_s=50.0).ledger.figures()
    assert (kept["violations"], kept["refused"]) == (pytest.approx(0.3), pytest.approx(0.3))
    requests = [Request(100.0 * n, 0, 1.0, 0.5) for n in range(10)]
    late = replay([plan(1)], requests, latency_s=40.0, quality=0.95).ledger.figures()
    assert (late["late"], late["poor"], late["violations"]) == (1.0, 1.0, 1.0)
