"""The cost model of provisioning: our evaluation against sums by hand and against the published examples."""

from __future__ import annotations

import pytest

from benchmarks.streamwise_podcast import CASES, check, data_file, load
from murakkab_optimizer.hardware import DeviceType, Offer
from murakkab_optimizer.planner.provision import (
    Entry,
    Goal,
    Instances,
    Job,
    NoProvisioningError,
    Option,
    evaluate,
    provision,
)
from murakkab_optimizer.planner.provision.search import Search
from murakkab_optimizer.planner.provision.streaming import evaluate_streamed, plan_streamed

FAST = DeviceType("fast", reserved=8.0, spot=4.0, server_size=4)
SLOW = DeviceType("slow", reserved=2.0, spot=1.0, server_size=2)
OFFERS = (Offer(FAST, 4), Offer(SLOW, 6))

SCRIPT = Entry("script", "slow", 1, first_s=2.0, time_all_s=6.0)
VIDEO = Entry("video", "slow", 1, 3.0, parallel=True, capacity=1.0, units=10, unit_s=3.0)
QUICK = Entry("video", "fast", 2, 1.0, parallel=True, capacity=3.0, units=10, unit_s=1.0)
DECODED = Entry("video", "fast", 1, 1.5, True, capacity=2.0, units=10, unit_s=1.0, extra_units=7, extra_unit_s=0.5)
OPTION = Option({}, (SCRIPT, VIDEO, QUICK, DECODED))
JOB = Job((OPTION,), video_s=10.0)


def instances(*groups: tuple[Entry, int]) -> tuple[Instances, ...]:
    return tuple(Instances(e.model, e.device, e.devices, count) for e, count in groups)


def test_one_group_does_all_the_units() -> None:
    found = evaluate(JOB, OPTION, OFFERS, instances((SCRIPT, 1), (VIDEO, 4)))
    # 10 units over 4 instances are 2.5 units of 3 s each; 5 slow devices are 3 servers of 2
    assert found.total_s == pytest.approx(6 + 7.5)
    assert found.first_chunk_s == pytest.approx(5)
    assert found.ttff_s == pytest.approx(5)
    assert found.cost_usd == pytest.approx(6 * 1.0 * 13.5 / 3600)


def test_groups_share_by_capacity_and_do_whole_units() -> None:
    found = evaluate(JOB, OPTION, OFFERS, instances((SCRIPT, 1), (VIDEO, 1), (QUICK, 1)))
    # shares 1/4 and 3/4: ceil(2.5) units of 3 s against ceil(7.5) of 1 s
    assert found.total_s == pytest.approx(6 + 9)
    assert found.first_chunk_s == pytest.approx(2 + 1)
    assert found.cost_usd == pytest.approx((2 * 1.0 + 4 * 4.0) * 15 / 3600)


def test_a_group_takes_one_unit_at_least_and_extra_units_count() -> None:
    found = evaluate(JOB, OPTION, OFFERS, instances((SCRIPT, 1), (DECODED, 2)))
    assert found.total_s == pytest.approx(6 + 5 * 1.0 + 3.5 * 0.5)
    many = (Offer(FAST, 64), Offer(SLOW, 6))
    assert evaluate(JOB, OPTION, many, instances((SCRIPT, 1), (DECODED, 64))).total_s == pytest.approx(6 + 1.0 + 0.5)


def test_the_show_may_play_while_the_rest_is_made() -> None:
    assert evaluate(JOB, OPTION, OFFERS, instances((SCRIPT, 1), (VIDEO, 1))).ttff_s == pytest.approx(36 - 10)


def test_reserved_devices_have_their_own_price() -> None:
    reserved = (Offer(SLOW, 6, spot=False),)
    plan = instances((SCRIPT, 1), (VIDEO, 1))
    assert evaluate(JOB, OPTION, reserved, plan).cost_usd == pytest.approx(2 * 2.0 * 36 / 3600)


def test_no_spot_devices_is_said() -> None:
    with pytest.raises(ValueError, match="no spot devices of type 'rare'"):
        _ = Offer(DeviceType("rare", 1.0), 1).price


def test_overlapping_stages_take_the_time_of_the_slowest() -> None:
    found = evaluate_streamed(JOB, OPTION, OFFERS, instances((SCRIPT, 1), (VIDEO, 1)))
    # the first chunk after 2 + 3 s, the last one 30 - 3 s later
    assert found.total_s == pytest.approx(5 + 27)
    assert found.ttff_s == pytest.approx(22)


def test_a_plan_for_overlapping_stages_is_not_dearer_than_one_for_their_sum() -> None:
    goal = Goal("cost", ttff_s=16.0)
    found, summed = plan_streamed(JOB, OFFERS, goal), provision(JOB, OFFERS, goal, prove=True)
    assert found.outcome == evaluate_streamed(JOB, OPTION, OFFERS, found.instances)
    assert found.outcome.keeps(goal)
    assert found.outcome.cost_usd <= evaluate_streamed(JOB, OPTION, OFFERS, summed.instances).cost_usd
    with pytest.raises(NoProvisioningError, match="overlapping"):
        plan_streamed(JOB, OFFERS, Goal("cost", ttff_s=1.0))
    with pytest.raises(ValueError, match="least cost only"):
        plan_streamed(JOB, OFFERS, Goal("ttff"))


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (instances((SCRIPT, 1)), "'video' needs exactly one instance"),
        (instances((SCRIPT, 2), (VIDEO, 1)), "'script' needs exactly one instance"),
        (instances((SCRIPT, 1), (VIDEO, 1), (VIDEO, 2)), "once"),
        (instances((SCRIPT, 1), (VIDEO, 6)), "7 x 'slow'"),
        ((*instances((SCRIPT, 1)), Instances("video", "slow", 2)), "nothing is known of 'video' on 2 x 'slow'"),
    ],
)
def test_what_is_no_plan_is_refused(plan: tuple[Instances, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(JOB, OPTION, OFFERS, plan)


published = pytest.mark.skipif(not data_file().exists(), reason="the published cost model is not here (MURAKKAB_DATA)")


@published
def test_the_published_examples_are_matched() -> None:
    data = load(data_file())
    assert len(data.examples) == 12
    assert check(data) < 1e-4


@published
@pytest.mark.parametrize(
    ("name", "limit"), [("256xA100+64xH200", 30.5), ("16xA100", 22.6), ("256xA100+64xGB200", 16.5)]
)
def test_the_published_podcast_is_planned_well_and_proved(name: str, limit: float) -> None:
    data = load(data_file())
    case = next(case for case in CASES if case.name == name)
    offers = data.offers(case.counts)
    search = Search(data.job, offers, case.goal)
    plan = search.plan()
    assert plan is not None
    option = data.job.options[plan.option]
    assert evaluate(data.job, option, offers, plan.instances) == plan.outcome
    assert plan.outcome.keeps(case.goal)
    assert plan.outcome.value(case.goal) <= limit
    proved = search.prove()
    assert proved is not None
    assert proved.gap(case.goal) <= 0.01
    assert plan.outcome.value(case.goal) <= proved.bound / 0.99


def test_a_goal_says_what_is_kept() -> None:
    found = evaluate(JOB, OPTION, OFFERS, instances((SCRIPT, 1), (VIDEO, 4)))
    assert found.keeps(Goal("cost", ttff_s=5.0))
    assert not found.keeps(Goal("cost", ttff_s=4.9))
    assert not found.keeps(Goal("ttff", cost_usd=0.02))
    assert found.value(Goal("ttff")) == found.ttff_s
