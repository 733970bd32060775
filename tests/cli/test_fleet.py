"""``murakkab fleet`` plans the instances for a trace of requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from murakkab_runtimes.fleets import FleetDocumentError, load_fleet
from murakkab_runtimes.fleets.trace import demand_of, read_trace

from .conftest import Invoke

HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens\n"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Two requests a second for two minutes, every second one with a long context."""
    file = tmp_path / "trace.csv"
    times = [f"2023-11-16 18:{n // 120:02}:{n % 120 // 2:02}.{n % 2 * 5}000000" for n in range(241)]
    rows = [f"{at},{3000 if n % 2 else 100},200" for n, at in enumerate(times)]
    file.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    return file


def test_both_formulations_say_what_they_rent_and_who_goes_where(invoke: Invoke, trace: Path) -> None:
    printed, repaired = (
        invoke("fleet", "--trace", str(trace), "--formulation", name) for name in ("literal", "repaired")
    )
    assert (printed.code, repaired.code) == (0, 0)
    assert printed.out.startswith("literal: ")
    assert "gemma-3-27b 2x4: llava-onevision-7b on A100" in printed.out
    assert "A.5 lets any model serve any configuration" in printed.out
    assert "gemma-3-27b 2x4: gemma-3-27b on A100" in repaired.out
    assert "code/good: 0.10 requests a second, at most 0.10" in repaired.out


def test_the_plan_can_be_written(invoke: Invoke, trace: Path, tmp_path: Path) -> None:
    answer = invoke("fleet", "--trace", str(trace), "--spike", "1.5", "-o", str(tmp_path / "plan.json"))
    assert answer.code == 0
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert plan["formulation"] == "repaired"
    assert sum(group["count"] for group in plan["groups"]) >= 1
    assert plan["turned_away"] == [0.0] * 5


def test_a_cluster_that_is_too_small_ends_with_3(invoke: Invoke, trace: Path) -> None:
    small = invoke("fleet", "--trace", str(trace), "--cluster", "1xH100", "--load", "50")
    assert small.code == 3
    assert "turned away" in small.out
    assert "not every request is served" in small.err
    literal = invoke("fleet", "--trace", str(trace), "--cluster", "1xH100", "--load", "50", "--formulation", "literal")
    assert literal.code == 3
    assert "do not carry the peak load" in literal.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "a,b\n1,2\n",
            ":1: the column TIMESTAMP is missing; the header must name TIMESTAMP, ContextTokens, GeneratedTokens",
        ),
        (HEADER, "there is no request in it"),
        (HEADER + "2023-11-16 18:15:46.68,many,3\n", ":2: "),
        (HEADER + "yesterday,1,3\n", ":2: "),
    ],
)
def test_a_trace_that_does_not_fit_is_told_by_line(invoke: Invoke, tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "trace.csv"
    file.write_text(text, encoding="utf-8")
    answer = invoke("fleet", "--trace", str(file))
    assert answer.code == 2
    assert told in answer.err


def test_a_missing_file_or_cluster_is_told(invoke: Invoke, trace: Path) -> None:
    assert invoke("fleet", "--trace", "nowhere.csv").code == 2
    answer = invoke("fleet", "--trace", str(trace), "--cluster", "nowhere")
    assert answer.code == 2
    assert "there is no shipped cluster 'nowhere'" in answer.err


def test_requests_are_counted_by_class_and_slot(trace: Path) -> None:
    demand = demand_of(read_trace(trace), load_fleet(), 60.0, load=2.0)
    assert [load.rates for load in demand.loads] == [pytest.approx((rate, rate)) for rate in (0.2, 1.0, 0.8, 1.0, 1.0)]


def test_the_shipped_fleet_has_profiles_of_every_model_in_it() -> None:
    fleet = load_fleet()
    profiled = {profile.model for profile in fleet.catalogue.profiles}
    steps = [step for one in fleet.catalogue.configurations for step in one.steps]
    assert {step.model for step in steps} <= profiled
    assert len(fleet.catalogue.configurations) == 21
    for workflow in ("code", "video"):
        assert sum(one.share for one in fleet.classes if one.workflow == workflow) == pytest.approx(1.0)
    assert all(p.provenance.source for p in fleet.catalogue.profiles)


def test_a_fleet_document_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text("apiVersion: murakkab/v1\nkind: Model\n", encoding="utf-8")
    with pytest.raises(FleetDocumentError, match=r"fleet\.yaml"):
        load_fleet(file)
