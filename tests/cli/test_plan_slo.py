"""Promises, objectives and inputs as they are written on a command line."""

from __future__ import annotations

import shlex

import pytest

from murakkab.cli.plan_inputs import planned_inputs
from murakkab.cli.plan_making import advice, within
from murakkab.cli.plan_slo import objectives, with_promises
from murakkab.engine import UserError
from murakkab.language import compile_graph, find_workflow, load_workflow, workflow_folder
from murakkab_optimizer.graph import Slo


@pytest.mark.parametrize(
    ("written", "field", "value"),
    [
        ("ttff=22s", "ttff_s", 22.0),
        ("ttff=1m30s", "ttff_s", 90.0),
        ("ttff=good", "ttff_s", 3.0),
        ("latency=5min", "latency", 300.0),
        ("latency=good", "latency", "good"),
        ("cost=$3", "cost", 3.0),
        ("cost=3", "cost", 3.0),
        ("cost=2.50 USD", "cost", 2.5),
        ("energy=10Wh", "energy", 10.0),
        ("energy=1.5 kWh", "energy", 1500.0),
        ("energy=7", "energy", 7.0),
        ("quality=0.8", "quality", 0.8),
        ("quality=80%", "quality", 0.8),
        ("quality=good", "quality", "good"),
        ("realtime", "realtime", True),
        ("realtime=off", "realtime", False),
        ("cost=none", "cost", None),
        (" ttff = 2 ", "ttff_s", 2.0),
    ],
)
def test_promises(written: str, field: str, value: object) -> None:
    before = Slo(ttff_s=1.0, realtime=written != "realtime", cost=9.0)
    assert getattr(with_promises(before, [written]), field) == value


def test_the_last_one_counts_and_the_others_stay() -> None:
    found = with_promises(Slo(ttff_s=1.0, realtime=True), ["cost=1", "cost=2"])
    assert found == Slo(ttff_s=1.0, realtime=True, cost=2.0)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ttff",
        "ttff=",
        "ttff=fast",
        "ttff=-1",
        "ttff=0",
        "speed=1",
        "quality=2",
        "quality=-1",
        "realtime=maybe",
        "cost=3 EUR",
        "cost=nan",
        "energy=3J",
        "energy=kWh",
        "latency=1e999",
        "=3",
    ],
)
def test_what_is_no_promise_is_refused_with_what_is(written: str) -> None:
    with pytest.raises(UserError, match="--slo") as refused:
        with_promises(Slo(), [written])
    assert refused.value.exit_code == 2
    assert "rite" in refused.value.fix


def test_objectives() -> None:
    assert objectives(["cost,quality"]) == ("cost", "quality")
    assert objectives(["cost", "quality"]) == ("cost", "quality")
    for wrong in (["speed"], ["cost,cost"], [""]):
        with pytest.raises(UserError, match="--objective"):
            objectives(wrong)


@pytest.mark.parametrize("name", sorted(path.stem for path in workflow_folder().glob("*.yaml")))
def test_every_shipped_workflow_compiles_without_inputs(name: str) -> None:
    workflow = load_workflow(find_workflow(name))
    inputs, told = planned_inputs(workflow, {})
    assert set(inputs) == set(workflow.inputs)
    assert compile_graph(workflow, inputs).nodes
    needed = [declared for declared in workflow.inputs.values() if declared.required]
    assert len([line for line in told if "is needed to run" in line]) == len(needed)


def test_defaults_are_told_and_what_is_given_is_not() -> None:
    workflow = load_workflow(find_workflow("podcast"))
    inputs, told = planned_inputs(workflow, {"duration": "2m"})
    assert inputs["duration"] == 120
    assert told == ["inputs at their defaults: width 640 px, height 360 px, fps 24 a second"]


@pytest.mark.parametrize(
    ("name", "value", "safe"),
    [
        ("ttff", 27.512, 27.6),
        ("ttff", 27.5, 27.5),
        ("cost", 0.0012341, 0.00124),
        ("quality", 0.8769, 0.876),
        ("cost", 0, 0),
    ],
)
def test_the_nearest_promise_is_rounded_to_the_side_where_it_is_kept(name: str, value: float, safe: float) -> None:
    assert within(name, value) == pytest.approx(safe, rel=1e-9)


def test_advice_repeats_the_command_with_promises_that_can_be_kept() -> None:
    command = ["murakkab", "plan", "show.yaml", "--slo", "ttff=1s", "--slo=cost=1", "--topic", "two words"]
    one = advice({"ttff": 4.0, "cost": 2.0}, alone=True, command=command)
    assert "ttff 4 s, or cost $2.00" in one
    assert shlex.split(one.partition("Try: ")[2]) == [
        *("murakkab", "plan", "show.yaml", "--slo", "cost=1", "--topic", "two words", "--slo", "ttff=4s"),
    ]
    both = advice({"ttff": 4.0, "cost": 2.0}, alone=False, command=command)
    assert both.endswith("--topic 'two words' --slo ttff=4s --slo cost=2")
    assert "murakkab doctor" in advice({}, alone=True, command=command)
