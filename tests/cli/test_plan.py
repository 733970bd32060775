"""``murakkab plan`` and ``run --plan`` through the command line, with the real catalogue and real workers."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Invoke, start

FAR = """\
apiVersion: murakkab/v1
kind: Model
name: far-voice
capability: text-to-speech
adapter: flite
description: Needs what nobody has.
licence: Apache-2.0
source: tests
packages: [no_such_package]
"""


def planned(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    return found


def test_a_plan_needs_no_inputs_and_says_what_it_rests_on(invoke: Invoke) -> None:
    answer = invoke("plan", "dub")
    assert answer.code == 0, answer.err
    assert "--video is needed to run" in answer.out
    assert "inputs at their defaults: words simple words" in answer.out
    assert max(map(len, answer.out.splitlines())) <= 100
    assert "\x1b" not in answer.out
    for part in ("Nodes", "Why", "Defaults in force"):
        assert f"\n{part}\n" in answer.out


def test_json_and_file_hold_the_same_plan(tmp_path: Path, invoke: Invoke) -> None:
    answer = invoke("plan", "podcast", "--json", "-o", "plan.json", "--duration", "30s")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out) == planned(tmp_path)
    facts = planned(tmp_path)
    assert (facts["apiVersion"], facts["kind"], facts["workflow"]) == ("murakkab/v1", "Plan", "podcast")
    assert facts["metadata"]["graph"].startswith("sha256:")
    assert all({"model", "device", "devices", "count", "spot"} <= set(group) for group in facts["instances"])
    assert not any("duration 30" in line for line in facts["defaults"])
    best, *others = facts["rungs"]
    assert (best["quality"], set(best["nodes"])) == (1, {"hosts", "upscale"})
    assert all(other["quality"] < 1 and other["load"] < best["load"] for other in others)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--slo", "ttff=fast"), "--slo ttff=fast"),
        (("--objective", "speed"), "--objective speed"),
        (("--use", "speech"), "cannot read 'speech'"),
        (("--use", "speech.speed=[1"), "cannot read the value in 'speech.speed=[1'"),
        (("--use", "speech=nobody"), "nobody"),
        (("--use", "hosts.detail=simpel"), "is 'simpel'; it may be full, "),
        (("--cluster", "nowhere"), "nowhere"),
        (("--cluster", "nowhere.yaml"), "nowhere.yaml"),
        (("--duration", "1s"), "--duration"),
        (("--source", "absent.txt"), "absent.txt"),
        (("--pareto", "cost"), "--pareto cost"),
        (("--png", "x.png"), "--pareto"),
        (("--pareto", "cost,ttff", "-o", "x.json"), "--json"),
        (("-o", "absent/x.json"), "cannot write absent/x.json: there is no folder"),
        (("-o", "."), "cannot write .: it is a folder"),
        (("--pareto", "latency,quality", "--png", "absent/a.png"), "cannot write absent/a.png: there is no folder"),
        (("--in-force", "absent.json"), "absent.json"),
        (("--time-limit", "-1"), "--time-limit"),
    ],
)
def test_bad_usage(invoke: Invoke, arguments: tuple[str, ...], told: str) -> None:
    answer = invoke("plan", "podcast", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err


SEE = """\
apiVersion: murakkab/v1
kind: Workflow
metadata: {name: see, description: Looks at a picture.}
inputs: {picture: {type: document, description: A picture}}
nodes: {seen: {capability: object-detection, image: "${{ inputs.picture }}"}}
outputs: {seen: "${{ nodes.seen }}"}
"""


@pytest.mark.parametrize("command", ["plan", "run"])
def test_what_nothing_here_can_do_is_told_with_the_models_that_could(
    invoke: Invoke, tmp_path: Path, command: str
) -> None:
    (tmp_path / "see.yaml").write_text(SEE, encoding="utf-8")
    answer = invoke(command, "see.yaml", "--picture", "see.yaml", *(["--no-browser"] if command == "run" else []))
    assert (answer.code, answer.out) == (3, "")
    assert "node 'seen' needs 'object-detection' and no model here can do that; these could: yolo11x (" in answer.err
    assert "flux" not in answer.err, "models that do something else are not named"
    assert "--cluster" in answer.err


def test_a_cluster_without_room_is_told_with_what_needs_accelerators(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "see.yaml").write_text(SEE, encoding="utf-8")
    (tmp_path / "bare.yaml").write_text(
        "apiVersion: murakkab/v1\nkind: Cluster\nmetadata: {name: bare}\ncpu: {cores: 8, price: 0.4, peak_w: 5}\n"
    )
    answer = invoke("plan", "see.yaml", "--cluster", "bare.yaml")
    assert (answer.code, answer.out) == (3, "")
    assert "seen" in answer.err
    assert "yolo11x" in answer.err


def test_a_front_without_a_price_says_what_cannot_be_told(
    invoke: Invoke, say: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MURAKKAB_PRICE_PER_HOUR", raising=False)
    answer = invoke("plan", str(say), "--pareto", "cost,latency")
    assert (answer.code, answer.out) == (3, "")
    assert "cost cannot be told: this machine has no price" in answer.err
    monkeypatch.setenv("MURAKKAB_PRICE_PER_HOUR", "0.2")
    assert "processors only" in invoke("plan", str(say), "--pareto", "cost,latency").out


def test_a_reader_that_goes_away_leaves_the_file(tmp_path: Path, say: Path) -> None:
    process = start("plan", str(say), "-o", "plan.json", folder=tmp_path)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr as stream:
        assert stream.read() == "Wrote plan.json\n"
    process.wait(timeout=20)
    assert planned(tmp_path)["workflow"] == "say"


@pytest.mark.parametrize(
    ("asked", "told"), [(("--objective", "cost"), "cannot be made best"), (("--slo", "cost=1"), "cannot be kept")]
)
def test_no_plan_is_called_cheap_where_nothing_has_a_price(
    invoke: Invoke, say: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...], told: str
) -> None:
    monkeypatch.delenv("MURAKKAB_PRICE_PER_HOUR", raising=False)
    answer = invoke("plan", str(say), *asked, "-o", "plan.json")
    assert (answer.code, answer.out) == (3, "")
    assert f"the cost {told}: this machine has no price" in answer.err
    assert "MURAKKAB_PRICE_PER_HOUR=" in answer.err
    monkeypatch.setenv("MURAKKAB_PRICE_PER_HOUR", "0.2")
    assert invoke("plan", str(say), *asked).code == 0


@pytest.mark.parametrize("command", ["plan", "simulate"])
def test_an_interrupt_ends_a_search_with_one_line(
    invoke: Invoke, say: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("murakkab.cli.plan_making.make_request", interrupted)
    answer = invoke(command, str(say))
    assert (answer.code, answer.out, answer.err) == (130, "", "murakkab: stopped\n")


def test_a_catalogue_that_is_not_there_is_told(invoke: Invoke, say: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MURAKKAB_CATALOG", "/nonexistent")
    answer = invoke("plan", str(say))
    assert answer.code == 2
    assert "MURAKKAB_CATALOG names /nonexistent, and there is no such folder" in answer.err


def test_a_cluster_in_the_place_of_a_workflow_is_told(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text(DESK, encoding="utf-8")
    answer = invoke("plan", "desk.yaml")
    assert answer.code == 2
    assert "desk.yaml:2:7: this is no workflow but a Cluster" in answer.err
    assert "--cluster desk.yaml" in answer.err
    assert "'nodes' is missing" not in answer.err


def test_the_workflow_comes_first(invoke: Invoke) -> None:
    answer = invoke("plan", "--json", "podcast")
    assert answer.code == 2
    assert "the workflow comes first" in answer.err
    assert "--diff" in answer.err


@pytest.fixture
def plan(tmp_path: Path, say: Path, invoke: Invoke) -> dict[str, Any]:
    """A plan of ``say`` in ``plan.json``, with a voice that would not be chosen."""
    answer = invoke("plan", str(say), "--use", "speech=flite", "-o", "plan.json")
    assert answer.code == 0, answer.err
    return planned(tmp_path)


@pytest.mark.usefixtures("plan")
def test_run_follows_the_plan(tmp_path: Path, say: Path) -> None:
    process = start(
        "run", str(say), "--text", "Tides", "--plan", "plan.json", "--json", "--no-browser", folder=tmp_path
    )
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    (node,) = next(event for event in events if event["event"] == "run.planned")["nodes"]
    assert (node["model"], node["reason"]) == ("flite", planned(tmp_path)["nodes"]["speech"]["reason"])
    assert Path(events[-1]["outputs"]["speech"]["audio"]).stat().st_size > 1000


def refusal(invoke: Invoke, say: Path, folder: Path, facts: dict[str, Any], *more: str) -> tuple[int, str]:
    (folder / "plan.json").write_text(json.dumps(facts), encoding="utf-8")
    answer = invoke("run", str(say), "--text", "x", "--no-browser", "--plan", "plan.json", *more)
    assert not (folder / "runs").exists(), "nothing is begun"
    return answer.code, answer.err


def test_a_plan_of_another_workflow_is_refused(invoke: Invoke, tmp_path: Path, say: Path, plan: dict[str, Any]) -> None:
    assert invoke("plan", "story", "-o", "story.json").code == 0
    story = json.loads((tmp_path / "story.json").read_text(encoding="utf-8"))
    code, told = refusal(invoke, say, tmp_path, story)
    assert code == 2
    assert "is a plan of 'story', and this is 'say'" in told
    assert "murakkab plan say -o plan.json" in told


def test_a_plan_from_before_a_change_is_refused(
    invoke: Invoke, tmp_path: Path, say: Path, plan: dict[str, Any]
) -> None:
    old = {**plan, "metadata": {**plan["metadata"], "graph": "sha256:0"}}
    code, told = refusal(invoke, say, tmp_path, old)
    assert code == 2
    assert "has changed since plan.json was made" in told
    code, told = refusal(invoke, say, tmp_path, {**plan, "nodes": {}})
    assert code == 2
    assert "says nothing of the node 'speech'" in told
    code, told = refusal(invoke, say, tmp_path, {**plan, "nodes": {**plan["nodes"], "more": plan["nodes"]["speech"]}})
    assert code == 2
    assert "a node 'more'" in told


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        ({"model": "nobody"}, 2, "no model 'nobody'"),
        ({"model": "smollm2", "knobs": {}}, 2, "does 'text-generation'"),
        ({"knobs": {"speed_of_light": 1}}, 2, "no knob 'speed_of_light'"),
        ({"knobs": {"speed": 99}}, 2, "'speed' of flite is 99; it may be from 0.5 to 2"),
        ({"knobs": {"speed": "fast"}}, 2, "'speed' of flite is 'fast'; it must be a number"),
        ({"device": "A100"}, 2, "the device is A100 and devices is 0"),
        ({"devices": 3}, 2, "devices is 3 and no accelerator is named"),
        ({"model": "far-voice", "knobs": {}}, 3, "cannot be used here"),
        ({"device": "A100", "devices": 4}, 3, "4 A100, and this machine has none"),
        ({"needs": {"threads": 100_000}}, 3, "100000 threads"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused(
    invoke: Invoke,
    tmp_path: Path,
    say: Path,
    plan: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
    code: int,
    told: str,
) -> None:
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "far.yaml").write_text(FAR, encoding="utf-8")
    monkeypatch.setenv("MURAKKAB_CATALOG", str(tmp_path / "cards"))
    plan["nodes"]["speech"]["chosen"] |= change
    plan["nodes"]["speech"]["instances"] = plan["instances"] = []
    assert refusal(invoke, say, tmp_path, plan)[0] == code
    assert told in refusal(invoke, say, tmp_path, plan)[1]


@pytest.mark.parametrize(
    "change", [{"count": -3}, {"count": 0}, {"devices": 64}, {"device": "A100"}, {"model": "piper"}]
)
def test_instances_that_cannot_be_are_refused_wherever_a_plan_is_read(
    invoke: Invoke, say: Path, tmp_path: Path, plan: dict[str, Any], change: dict[str, Any]
) -> None:
    (group,) = plan["instances"]
    plan["nodes"]["speech"]["instances"] = plan["instances"] = [{**group, **change}]
    code, told = refusal(invoke, say, tmp_path, plan)
    assert (code, "plan.json: node 'speech': " in told) == (2, True)
    assert invoke("simulate", str(say), "--plan", "plan.json").code == 2
    assert invoke("plan", str(say), "--in-force", "plan.json").code == 2
    assert invoke("plan", "--diff", "plan.json", "plan.json").code == 2


def test_settings_of_the_rungs_of_a_plan_are_checked_too(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke("plan", "podcast", "-o", "pod.json").code == 0
    facts = json.loads((tmp_path / "pod.json").read_text(encoding="utf-8"))
    facts["rungs"][-1]["nodes"]["hosts"]["knobs"] |= {"detail": "huge", "draw_height": -50}
    (tmp_path / "pod.json").write_text(json.dumps(facts), encoding="utf-8")
    answer = invoke("run", "podcast", "--topic", "tides", "--no-browser", "--plan", "pod.json")
    assert answer.code == 2
    assert "'detail' of drawn-hosts is 'huge'; it may be full, " in answer.err
    assert "'draw_height' of drawn-hosts is -50; it may be from 0 to 1080" in answer.err


def test_a_plan_does_not_go_with_pins_or_a_server(
    invoke: Invoke, tmp_path: Path, say: Path, plan: dict[str, Any]
) -> None:
    code, told = refusal(invoke, say, tmp_path, plan, "--use", "speech=kokoro")
    assert (code, "--plan does not go with --use" in told) == (2, True)
    code, told = refusal(invoke, say, tmp_path, plan, "--server", "http://127.0.0.1:9")
    assert (code, "--plan does not go with --server" in told) == (2, True)


def test_diff_of_two_plans_of_one_workflow(invoke: Invoke, say: Path, plan: dict[str, Any]) -> None:
    assert invoke("plan", str(say), "-o", "best.json").code == 0
    answer = invoke("plan", "--diff", "plan.json", "best.json")
    assert answer.code == 0
    assert "speech  model: flite -> " in answer.out
    assert "No node is done otherwise." in invoke("plan", "--diff", "best.json", "best.json").out


TELL = """\
apiVersion: murakkab/v1
kind: Workflow
metadata: {name: tell, description: Answers aloud.}
inputs:
  question: {type: text, description: What is asked}
slo:
  objective: quality
nodes:
  answer: {capability: text-generation, prompt: "${{ inputs.question }}"}
  speech: {capability: text-to-speech, text: "${{ nodes.answer.text }}", voice: female-1}
outputs:
  speech: ${{ nodes.speech }}
"""

DESK = """\
apiVersion: murakkab/v1
kind: Cluster
metadata: {name: desk}
billing: used
devices:
  - {type: A100, count: 1}
cpu: {cores: 8, price: 0.4, peak_w: 5}
"""

Plans = Callable[..., dict[str, Any]]


@pytest.fixture
def tell(tmp_path: Path, invoke: Invoke) -> Plans:
    """Plan ``tell`` on ``desk``, with texts replaced in the one or the other; ``more`` are further options."""

    def call(changes: dict[str, str] | None = None, *more: str) -> dict[str, Any]:
        workflow, cluster = TELL, DESK
        for old, new in (changes or {}).items():
            assert old in workflow + cluster
            workflow, cluster = workflow.replace(old, new), cluster.replace(old, new)
        (tmp_path / "tell.yaml").write_text(workflow, encoding="utf-8")
        (tmp_path / "desk.yaml").write_text(cluster, encoding="utf-8")
        answer = invoke("plan", "tell.yaml", "--cluster", "desk.yaml", "--json", *more)
        assert answer.code == 0, answer.err
        found: dict[str, Any] = json.loads(answer.out)
        return found

    return call


def models(plan: dict[str, Any]) -> dict[str, str]:
    return {name: choice["chosen"]["model"] for name, choice in plan["nodes"].items()}


def predicted(plan: dict[str, Any], name: str) -> float:
    (value,) = (told["value"] for told in plan["predictions"] if told["name"] == name)
    return float(value)


def test_one_line_of_yaml_changes_the_plan_with_a_reason(tell: Plans) -> None:
    best, cheap = tell(), tell({"objective: quality": "objective: cost"})
    assert models(best)["answer"] == "gemma-3-27b"
    assert models(cheap)["answer"] == "smollm2"
    assert cheap["nodes"]["answer"]["reason"] != best["nodes"]["answer"]["reason"]
    assert "cost" in cheap["nodes"]["answer"]["reason"]
    assert predicted(cheap, "cost") < predicted(best, "cost")


def test_one_line_of_the_cluster_changes_the_plan_with_a_reason(tell: Plans) -> None:
    with_gpu, without = tell(), tell({"devices:\n  - {type: A100, count: 1}\n": ""})
    (held,) = with_gpu["nodes"]["answer"]["instances"]
    assert (held["model"], held["device"], held["devices"], held["count"], held["spot"]) == (
        ("gemma-3-27b", "A100", 1, 1, False)
    )
    assert models(without)["answer"] == "smollm2"
    refused = dict(without["nodes"]["answer"]["alternatives"])
    assert "device" in refused["gemma-3-27b"]
    assert {group["device"] for group in without["instances"]} == {"cpu"}


def test_the_command_line_changes_promises_as_the_file_does(tell: Plans) -> None:
    in_file = tell({"objective: quality": "objective: cost\n  quality: 0.9"})
    by_flags = tell(None, "--objective", "cost", "--slo", "quality=0.9")
    assert models(in_file) == models(by_flags)
    assert in_file["predictions"] == by_flags["predictions"]
    assert predicted(by_flags, "quality") >= 0.9


def test_what_giving_way_would_buy_is_told_and_true(tell: Plans) -> None:
    plan = tell(None, "--objective", "cost", "--slo", "quality=0.9")
    best = next(found for found in plan["relaxations"] if found["limit"] == "quality")
    relaxed = "none" if best["relaxed"] is None else str(best["relaxed"])
    then = tell(None, "--objective", "cost", "--slo", f"quality={relaxed}")
    assert best["before"] == pytest.approx(predicted(plan, "cost"), rel=1e-3)
    assert best["after"] == pytest.approx(predicted(then, "cost"), rel=1e-3)


def test_without_a_plan_the_command_that_is_offered_works(tell: Plans, invoke: Invoke) -> None:
    tell()
    measured = ("--use", "answer=smollm2")
    promised = ("--slo", "latency=0.5s", "--slo", "energy=100Wh")
    answer = invoke("plan", "tell.yaml", "--cluster", "desk.yaml", *measured, *promised)
    assert (answer.code, answer.out) == (3, "")
    assert "The nearest that can be kept: latency" in answer.err
    offered = answer.err.partition("Try: murakkab ")[2].splitlines()[0]
    again = invoke(*shlex.split(offered))
    assert again.code == 0, again.err
    assert "NOT KEPT" not in again.out


def test_a_front_is_a_table_a_plot_and_a_picture(tell: Plans, invoke: Invoke, tmp_path: Path) -> None:
    tell()
    answer = invoke("plan", "tell.yaml", "--cluster", "desk.yaml", "--pareto", "cost,quality", "--png", "front.png")
    assert answer.code == 0, answer.err
    assert max(map(len, answer.out.splitlines())) <= 100
    assert (tmp_path / "front.png").read_bytes().startswith(b"\x89PNG")
    facts = json.loads(invoke("plan", "tell.yaml", "--cluster", "desk.yaml", "--pareto", "cost,quality", "--json").out)
    costs = [point["cost"] for point in facts["points"]]
    qualities = [point["quality"] for point in facts["points"]]
    assert len(costs) > 1
    assert costs == sorted(set(costs))
    assert qualities == sorted(set(qualities))


def test_a_search_that_is_ended_says_so(tell: Plans, invoke: Invoke) -> None:
    assert any("time was over" in note for note in tell(None, "--time-limit", "0")["notes"])
    answer = invoke("plan", "tell.yaml", "--cluster", "desk.yaml", "--pareto", "cost,quality", "--time-limit", "0")
    assert (answer.code, "--time-limit" in answer.err) == (3, True)


def test_what_is_held_already_is_taken_into_account(tell: Plans, tmp_path: Path) -> None:
    (tmp_path / "held.json").write_text(json.dumps(tell()), encoding="utf-8")
    held = tell(None, "--in-force", "held.json")
    assert predicted(held, "cost") <= predicted(tell(), "cost")


def test_a_plan_for_other_machines_is_not_run_here(tell: Plans, tmp_path: Path, invoke: Invoke) -> None:
    (tmp_path / "far.json").write_text(json.dumps(tell()), encoding="utf-8")
    answer = invoke("run", "tell.yaml", "--question", "Why?", "--plan", "far.json", "--no-browser")
    assert answer.code == 3
    assert "gemma-3-27b" in answer.err
    assert "murakkab plan tell -o far.json" in answer.err
