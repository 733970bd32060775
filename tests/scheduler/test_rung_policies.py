"""The rules of rung policies, on views put together by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murakkab_optimizer.plan import Rung
from murakkab_optimizer.policies.rungs import POLICIES, Forecast, ShotView, rung_policy

RUNGS = (
    Rung("fine", {}, 1.0, 1.6),
    Rung("normal", {}, 0.9, 1.1),
    Rung("fast", {}, 0.8, 0.6),
    Rung("still", {}, 0.3, 0.2, static=True),
)


def view(lead: float = 20.0, slower: float = 1.0, **more: object) -> ShotView:
    forecasts = tuple(Forecast(0.3 * r.load * slower, 5 * r.load * slower, r.load * slower) for r in RUNGS)
    asked = {"now": 100.0, "needed_at": 100.0 + lead, "seconds": 5.0, "clip_s": 1.5, "buffer_s": 0.0, "ahead_s": 0.0}
    return ShotView(**{**asked, "cores": 2.0, "rungs": RUNGS, "forecasts": forecasts, "number": 9, **more})  # type: ignore[arg-type]


def rung(**asked: object) -> str:
    return RUNGS[rung_policy("adaptive").choose(view(**asked)).index].name  # type: ignore[arg-type]


def test_the_registry_names_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"'best'; choose one of: adaptive, lowest, per-run, top"):
        rung_policy("best")


@given(
    lead=st.floats(-20, 100), slower=st.floats(0.1, 20), cores=st.floats(0.5, 64), ahead=st.floats(0, 100),
    before=st.none() | st.integers(0, 3), since=st.integers(1, 50), setbacks=st.integers(0, 5),
    number=st.integers(0, 50), policy=st.sampled_from(sorted(POLICIES)),
)  # fmt: skip
def test_static_only_where_nothing_that_moves_is_in_time(
    lead: float, slower: float, cores: float, ahead: float, before: int | None, since: int, setbacks: int, number: int,
    policy: str,
) -> None:  # fmt: skip
    seen = view(lead, slower, cores=cores, ahead_s=ahead, before=before, since=since, setbacks=setbacks, number=number)
    choice = rung_policy(policy).choose(seen)
    assert 0 <= choice.index < len(RUNGS)
    assert choice.reason
    if policy == "adaptive" and RUNGS[choice.index].static:
        assert seen.forecasts[2].first_s * 1.1 + 0.05 > lead or seen.forecasts[2].whole_s * 1.1 + 0.05 > lead + 3.5
    if policy == "adaptive" and before is not None and number > 3:
        assert choice.index >= before - 1


@given(lead=st.floats(0, 60), more=st.floats(0, 60), slower=st.floats(0.2, 5))
def test_more_time_never_makes_it_worse(lead: float, more: float, slower: float) -> None:
    policy = rung_policy("adaptive")
    assert policy.choose(view(lead + more, slower, before=0)).index <= policy.choose(view(lead, slower, before=0)).index


def test_it_goes_down_at_once_and_as_far_as_it_must() -> None:
    assert rung(before=0) == "fine"
    assert rung(before=0, slower=1.5) == "normal"
    assert rung(before=0, lead=2.0, slower=1.5) == "fast"
    assert rung(before=0, lead=1.0, slower=6.0) == "still"


def test_it_goes_up_one_step_after_some_shots_with_time_to_spare() -> None:
    assert rung(before=2, since=2) == "fast"
    assert rung(before=2, since=3) == "normal"
    assert rung(before=2, since=3, setbacks=1) == "fast"
    assert rung(before=2, since=6, setbacks=1) == "normal"
    assert rung(before=1, since=3, lead=6.0) == "normal"
    assert rung(before=3, since=1) == "fast"


def test_what_is_late_on_every_rung_is_made_soonest_but_the_first_shot_moves() -> None:
    assert rung(before=0, lead=-5.0) == "still"
    assert rung(lead=-5.0, number=0) == "fast"


def test_the_opening_leaves_most_of_the_cores_to_what_comes_next() -> None:
    assert rung(number=0) == "fast"
    assert rung(number=2, before=2, slower=0.4) == "normal"
    assert rung(number=0, cores=16.0) == "fine"
    assert rung(number=0, cores=8.0) == "normal", "nobody knows yet how fast the machine is today"
    assert rung(number=1, before=2, cores=8.0) == "fine"
    assert rung(number=3, before=2) == "fine", "and says nothing of what comes after it"


def test_reasons_say_what_would_happen() -> None:
    choose = rung_policy("adaptive").choose
    assert choose(view(before=0, lead=2.0, slower=1.5)).reason == (
        "fine would take 12.0 s, the picture is needed in 2.0 s"
    )
    assert choose(view(before=0, slower=1.5)).reason == "fine would use up the 20.0 s that are left"
    assert choose(view(before=2, since=3)).reason == "there is time for more"
