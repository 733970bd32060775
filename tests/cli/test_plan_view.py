"""What is shown of a plan: to people, in files, as a picture, and beside another plan."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from murakkab.cli.plan_binding import binding, relaxation
from murakkab.cli.plan_diff import changes, compare
from murakkab.cli.plan_file import Origin, PlanFile, read_plan, text
from murakkab.cli.plan_front import axes, plot, points, print_front, span
from murakkab.cli.plan_reasons import sources
from murakkab.cli.plan_tables import BROKEN, KEPT, OPEN, UNKNOWN, verdict
from murakkab.cli.plan_view import print_plan
from murakkab.cli.plan_words import NOT_TOLD, TIME_OVER, amount, figure, rented, seconds
from murakkab.engine import UserError
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.plan import NodePlan, Plan, Prediction, Relaxation
from murakkab_optimizer.profiles import Profile, Provenance
from murakkab_optimizer.profiles.between import Family

from .conftest import Invoke
from .plans import PLAN, smaller

CARDS = {
    "kokoro": ModelCard("kokoro", "text-to-speech", "kokoro", "", "", "", knobs={"speed": 1.0}),
    "fantasy": ModelCard("fantasy", "image-to-video", "none", "", "", "", knobs={"steps": 30}, drawn=True),
}


def shown(plan: Plan, width: int = 100, *, verbose: bool = False) -> str:
    stream = io.StringIO()
    print_plan(plan, CARDS, "2 cores, 64 H200", Console(file=stream, width=width, highlight=False), verbose=verbose)
    return stream.getvalue()


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_every_part_of_a_plan_is_shown() -> None:
    told = squeezed(shown(PLAN))
    for words in (
        "show on big (2 cores, 64 H200)",
        "Best for cost, then quality",
        "no plan is better by more than 0.8%",
        "Takes 2 A100 spot in eu, 64 H200",
        "fantasy (drawn) steps=20 4 H200 16 14.6 0.90",
        "hosts: published with StreamWise (arXiv 2603.05800)",
        "at most 10 Wh cannot be told",
        "- energy: nobody measured the power of fantasy",
        "next best: piper speed=1.25 on 2 cores, 0.25 s a task, quality 0.60 (rated 0.60 against 0.80)",
        "ttff 22 s binds: with 27.5 s the cost would fall from $29.46 to $26.10.",
        "64 H200 bind: with 128 the cost would fall from $29.46 to $28.00.",
        "the catalogue has no power of the H200",
        "a turn lasts 5 s",
    ):
        assert words in told, words
    assert "speed=1" not in told.replace("speed=1.25", ""), "settings at their defaults are left out"


def test_the_ladder_is_shown_with_its_share_of_real_time() -> None:
    stream = io.StringIO()
    print_plan(PLAN, CARDS, "", Console(file=stream, width=100), cores=2)
    told = squeezed(stream.getvalue())
    assert "Rungs of a shot (hosts): work for a second of the show" in told
    assert "20 steps 100% 0.25 s 0.5 25% as planned" in told
    assert "one picture 31% 0.05 s 0.1 5% nothing moves" in told
    assert "20 steps 100% 0.25 s 0.5 2% as planned" in squeezed(shown(PLAN)), "a quarter of 16 instances"
    assert "Rungs" not in shown(msgspec.structs.replace(PLAN, rungs=()))


def with_nodes(**nodes: NodePlan) -> Plan:
    return msgspec.structs.replace(PLAN, nodes=nodes, rungs=())


def test_nodes_without_a_choice_are_told_together() -> None:
    only = PLAN.nodes["cut"]
    told = squeezed(shown(with_nodes(speech=PLAN.nodes["speech"], cut=only, glue=only)))
    assert "- cut, glue: the only one here" in told
    assert "speech the best-rated one that keeps ttff; next best: piper" in told


def test_what_is_like_the_chosen_one_or_was_said_is_not_told_again() -> None:
    speech = PLAN.nodes["speech"]
    other = msgspec.structs.replace(speech.chosen, knobs={"speed": 2.0}, seconds=0.5)
    node = msgspec.structs.replace(
        speech, reason="too slow", runner_up=other, alternatives=(("kokoro", "too slow"), ("flite", "rated 0.30"))
    )
    assert "next best: kokoro speed=2, 0.5 s a task (too slow) Where" in squeezed(
        shown(with_nodes(speech=msgspec.structs.replace(node, provenance="estimated")))
    )
    usual = msgspec.structs.replace(
        node, chosen=other, runner_up=speech.chosen, alternatives=(("kokoro", "with speed 1: dearer: $3 against $2"),)
    )
    told = squeezed(shown(with_nodes(speech=usual)))
    assert "next best: kokoro speed=1, " in told, "settings are told though they are at their defaults"
    assert "a task (dearer: $3 against $2)" in told
    waits = "with kokoro the viewer would have to wait 3 s, and real time is promised"
    late = msgspec.structs.replace(node, alternatives=(("kokoro", waits),))
    assert f"0.5 s a task ({waits})" in squeezed(shown(with_nodes(speech=late)))
    moved = msgspec.structs.replace(node, alternatives=(("kokoro", "on 2 cores: dearer: $26.02 against $26.01"),))
    assert "0.5 s a task (dearer: $26.02 against $26.01)" in squeezed(shown(with_nodes(speech=moved)))


def test_sources_are_told_in_a_few_words_and_wholly_when_asked() -> None:
    scaled = "measured on another machine, scaled to this one"
    cited = Profile("flux", "image", 3.0, conditions={"height": 480}, provenance=Provenance("cited", "A (2026), t. 3"))
    inferred = Family([cited]).at([cited], {"height": 720}).provenance.source
    plan = with_nodes(
        **{
            name: msgspec.structs.replace(PLAN.nodes["cut"], provenance=told)
            for name, told in (
                ("a", f"{scaled}: on the card; times 1.02"),
                ("b", f"{scaled}: on the card; times 2.11"),
                ("c", "published: StreamWise (arXiv 2603.05800), table latency_gemma, 2026-03"),
                ("d", "too short to count"),
                ("e", "never measured"),
                ("f", f"published: {inferred}"),
                ("g", "estimated: interpolated between 8 and 16 (3% off where that can be checked); Us, a table"),
                ("h", "estimated: by a model of 9 profiles of it (8% off where that can be checked) for 4, H200"),
            )
        }
    )
    told, whole = squeezed(shown(plan)), squeezed(shown(plan, verbose=True))
    assert f"- a, b: {scaled} - c: published, StreamWise (arXiv 2603.05800) - d: too short to count" in told
    assert "- f: published, A (2026), of 480 lines - g: estimated, Us, interpolated between 8 and 16" in told
    assert "- h: estimated, by a model of 9 profiles of it" in told
    assert "times" not in told.partition("come from")[2]
    assert "times 2.11" in whole
    assert "table latency_gemma, 2026-03" in whole
    assert "d cutter part of a core 1 ~0" in told
    assert "e cutter part of a core 1 ?" in told


def test_all_that_was_not_chosen_is_told_when_asked() -> None:
    assert "rated 0.30" not in shown(PLAN)
    assert "not flite: rated 0.30 against 0.80" in shown(PLAN, verbose=True)


@pytest.mark.parametrize("width", [100, 60])
def test_nothing_is_wider_than_the_terminal_and_piped_lines_end_without_spaces(width: int) -> None:
    lines = shown(PLAN, width).splitlines()
    assert max(map(len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(
    ("prediction", "said"),
    [
        (Prediction("ttff", "s", 22.0, 22.0), KEPT),
        (Prediction("ttff", "s", 22.1, 22.0), BROKEN),
        (Prediction("quality", "", 0.8, 0.8), KEPT),
        (Prediction("quality", "", 0.79, 0.8), BROKEN),
        (Prediction("realtime", "s", 0.0, 0.0), KEPT),
        (Prediction("cost", "US$", 3.0), OPEN),
        (Prediction("energy", "Wh", None, 3.0), UNKNOWN),
    ],
)
def test_verdicts(prediction: Prediction, said: str) -> None:
    assert verdict(prediction) == said


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            Relaxation("cores", 2, 4, "latency", 300, 150),
            "2 cores bind: with 4 the latency would fall from 5 min to 2 min 30 s.",
        ),
        (
            Relaxation("devices A100", 1, 2, "cost", 2, 1),
            "1 A100 binds: with 2 the cost would fall from $2.00 to $1.00.",
        ),
        (
            Relaxation("realtime", 0, None, "quality", 0.5, 0.9),
            "realtime binds: without that limit the quality would rise from 0.50 to 0.90.",
        ),
    ],
)
def test_relaxations_in_sentences(found: Relaxation, sentence: str) -> None:
    assert relaxation(found) == sentence


def test_no_relaxation_is_told_only_of_proven_plans_with_promises() -> None:
    free = msgspec.structs.replace(PLAN, relaxations=())
    assert binding(free) == ["Nothing: no promise stands in the way of a better plan."]
    assert binding(msgspec.structs.replace(free, gap=None)) == []
    assert binding(msgspec.structs.replace(free, notes=(TIME_OVER,))) == []
    assert binding(msgspec.structs.replace(free, notes=(NOT_TOLD,))) == []
    assert binding(msgspec.structs.replace(free, predictions=())) == []


def test_dropping_a_limit_is_told_only_where_it_buys_more_than_some_room() -> None:
    step = Relaxation("ttff", 3, 3.75, "quality", 0.56, 1.0)
    same, more = (Relaxation("ttff", 3, None, "quality", 0.56, after) for after in (1.0, 2.0))
    for found, told in (((same, step), 1), ((more, step), 2), ((same,), 1)):
        assert len(binding(msgspec.structs.replace(PLAN, relaxations=found))) == told


def test_figures_in_words() -> None:
    assert [amount(v) for v in (0, 0.03149, 1.0, 27.46, 1234.5)] == ["0", "0.0315", "1", "27.5", "1,234"]
    assert [seconds(v) for v in (0.25, 119.94, 120, 252, 7500)] == [
        "0.25 s",
        "120 s",
        "2 min",
        "4 min 12 s",
        "2 h 05 min",
    ]
    told = ["$0.00", "$29.46", "$1,000.00", "$0.50", "$0.0359", "$0.00123"]
    assert [figure("cost", v) for v in (0, 29.4609, 1000, 0.5, 0.03591, 0.00123)] == told
    assert rented(PLAN.instances) == "2 A100 spot in eu, 64 H200"


def test_a_file_holds_all_of_a_plan_and_what_it_was_made_from(tmp_path: Path) -> None:
    file = PlanFile(PLAN, Origin("show", "sha256:0", "big", "64 H200", "2026-01-01T00:00:00Z", "1"))
    path = tmp_path / "plan.json"
    path.write_text(text(file), encoding="utf-8")
    assert read_plan(path) == file
    plain = json.loads(path.read_text(encoding="utf-8"))
    assert (plain["apiVersion"], plain["kind"]) == ("murakkab/v1", "Plan")
    assert plain["nodes"]["hosts"]["instances"] == [
        {"model": "fantasy", "device": "H200", "devices": 4, "count": 16, "spot": False, "region": ""}
    ]


def test_the_bare_plan_of_a_run_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(msgspec.json.encode(PLAN))
    assert read_plan(tmp_path / "plan.json") == PlanFile(PLAN)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"nodes": 3}',
        '{"nodes": {"a": {"chosen": {}}}}',
        '{"kind": "Workflow", "nodes": {}}',
        '{"apiVersion": "murakkab/v9", "kind": "Plan", "nodes": {}}',
        '{"nodes": {}, "metadata": 3}',
        "[" * 100_000,
    ],
)
def test_what_is_no_plan_is_refused_by_its_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "plan.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"plan\.json: ") as refused:
        read_plan(tmp_path / "plan.json")
    assert refused.value.exit_code == 2


def test_a_comparison_names_what_changed_and_why() -> None:
    found = {(c.node, c.what): c for c in changes(PLAN, smaller())}
    assert set(found) == {
        ("speech", "model"),
        ("speech", "device"),
        ("speech", "instances"),
        ("hosts", "instances"),
        ("title", "node"),
        ("cut", "node"),
    }
    assert (found["speech", "model"].before, found["speech", "model"].after) == ("kokoro", "piper")
    assert found["speech", "model"].reason == "keeps the cost"
    assert (found["hosts", "instances"].before, found["hosts", "instances"].after) == ("16", "4")
    assert changes(PLAN, PLAN) == []
    counts = {group["model"]: group["change"] for group in compare(PlanFile(PLAN), PlanFile(smaller()))["instances"]}
    assert counts == {"kokoro": -2, "piper": 1, "fantasy": -12}


def test_diff_of_two_files(tmp_path: Path, invoke: Invoke) -> None:
    for name, plan in (("old.json", PLAN), ("new.json", smaller())):
        (tmp_path / name).write_text(text(PlanFile(plan)), encoding="utf-8")
    answer = invoke("plan", "--diff", "old.json", "new.json")
    assert answer.code == 0
    told = squeezed(answer.out)
    assert "speech model: kokoro -> piper keeps the cost" in told
    assert "$29.46 -> $14.73 -50%" in told
    assert "-12 x fantasy on 4 H200" in told
    assert max(map(len, answer.out.splitlines())) <= 100
    facts = json.loads(invoke("plan", "--diff", "old.json", "new.json", "--json").out)
    assert {"name": "cost", "before": 29.4609, "after": 14.73} in facts["predictions"]


def slower(times: str) -> Plan:
    """The same plan where runs have corrected the times of the hosts."""
    hosts = PLAN.nodes["hosts"]
    source = f"measured on another machine, scaled to this one: benchmark; {times}"
    chosen = msgspec.structs.replace(hosts.chosen, seconds=4 * hosts.chosen.seconds)
    hosts = msgspec.structs.replace(hosts, chosen=chosen, provenance=source)
    return msgspec.structs.replace(PLAN, nodes={**PLAN.nodes, "hosts": hosts})


def test_what_was_asked_otherwise_comes_first_and_times_say_why_they_moved(tmp_path: Path, invoke: Invoke) -> None:
    first = slower("times 2.00 by what 3 runs took")
    runs = slower("times 3.83 by what 16 runs took")
    hosts = msgspec.structs.replace(runs.nodes["hosts"].chosen, seconds=100.0)
    nodes = {**runs.nodes, "hosts": msgspec.structs.replace(runs.nodes["hosts"], chosen=hosts)}
    promised = (Prediction("ttff", "s", 80.0, 30.0), *PLAN.predictions[1:])
    second = msgspec.structs.replace(runs, nodes=nodes, predictions=promised, objective=("quality",))
    for name, plan, there in (("old", first, "8 A100"), ("new", second, "16 A100")):
        (tmp_path / f"{name}.json").write_text(text(PlanFile(plan, Origin(machines=there))), encoding="utf-8")
    told = squeezed(invoke("plan", "--diff", "old.json", "new.json").out)
    assert "- ttff: at most 22 s -> at most 30 s" in told
    assert "- objective: cost, then quality -> quality" in told
    assert "- machines: 8 A100 -> 16 A100" in told
    assert told.index("Asked otherwise") < told.index("Nodes (3 the same)") < told.index("Predictions")
    moved = "hosts: 58.4 s -> 100 s a task; times 2.00 by what 3 runs took -> times 3.83 by what 16 runs took"
    assert moved in told
    assert "80 s +265%" in told
    facts = json.loads(invoke("plan", "--diff", "old.json", "new.json", "--json").out)
    assert {"what": "machines", "before": "8 A100", "after": "16 A100"} in facts["asked"]
    assert facts["times"] == [moved]
    assert "Nothing: the same promises" in invoke("plan", "--diff", "old.json", "old.json").out


def test_what_runs_said_of_a_time_is_told_unasked() -> None:
    told = "times 3.83 by what 16 runs took"
    found = sources(slower(f"times 0.9 by a calibration of this machine; {told}"))
    assert f"hosts: measured on another machine, scaled to this one, {told}" in found


def test_quality_on_other_machines_is_not_compared(tmp_path: Path, invoke: Invoke) -> None:
    worse = msgspec.structs.replace(PLAN, predictions=(Prediction("quality", "", 0.36),))
    for name, plan, cluster in (("old", PLAN, "big"), ("same", worse, "big"), ("other", worse, "small")):
        (tmp_path / f"{name}.json").write_text(text(PlanFile(plan, Origin(cluster=cluster))), encoding="utf-8")
    assert "0.72 -> 0.36 -50%" in squeezed(invoke("plan", "--diff", "old.json", "same.json").out)
    told = squeezed(invoke("plan", "--diff", "old.json", "other.json").out)
    assert "0.72 -> 0.36 (of the best on the same machines)" in told


def test_diff_without_two_plans_is_bad_usage(tmp_path: Path, invoke: Invoke) -> None:
    (tmp_path / "old.json").write_text(text(PlanFile(PLAN)), encoding="utf-8")
    assert invoke("plan", "--diff", "old.json").code == 2
    answer = invoke("plan", "--diff", "old.json", "absent.json")
    assert answer.code == 2
    assert "absent.json" in answer.err


def front() -> list[Plan]:
    return [PLAN, smaller()]


def test_a_front_is_sorted_numbered_and_told_by_what_differs() -> None:
    found = points(front(), "cost", "ttff")
    assert [(p.number, p.x, p.y) for p in found] == [(1, 14.73, 40.0), (2, 29.4609, 21.9)]
    assert found[1].label.startswith(
        "2 A100 spot in eu, 64 H200; speech: kokoro on 2 x 1 A100 spot in eu; hosts: on 16 x 4 H200"
    )
    assert points(front(), "cost", "energy") == []


def test_the_plot_shows_every_point_and_fits() -> None:
    found = points(front(), "cost", "ttff")
    lines = plot(found, "cost", "ttff").splitlines()
    assert max(map(len, lines)) <= 100
    rows = {
        digit: n for n, line in enumerate(lines) if "|" in line for digit in line.partition("|")[2] if digit in "12"
    }
    assert rows["1"] < rows["2"], "the point with the higher ttff stands above"
    stream = io.StringIO()
    print_front(found, "cost", "ttff", Console(file=stream, width=100))
    assert "$14.73" in stream.getvalue()
    assert "Time was over" not in stream.getvalue()
    ended = [msgspec.structs.replace(plan, notes=(TIME_OVER,)) for plan in front()]
    print_front(points(ended, "cost", "ttff"), "cost", "ttff", Console(file=stream, width=100))
    assert "Time was over" in stream.getvalue()


def test_one_point_needs_no_plot() -> None:
    stream = io.StringIO()
    print_front(points([PLAN], "cost", "ttff"), "cost", "ttff", Console(file=stream, width=100))
    assert "one plan is best in both" in stream.getvalue()
    assert "|" not in stream.getvalue()


@pytest.mark.parametrize("values", [[0.0], [5.0], [5.0, 5.0], [0.0, 1e-9], [3.0, 1e9], [99.0, 100.0]])
def test_an_axis_holds_all_its_values(values: list[float]) -> None:
    low, high = span(values)
    assert low < high
    assert low <= min(values)
    assert max(values) <= high


@pytest.mark.parametrize("written", ["cost", "cost,cost", "cost,speed", "cost,ttff,quality", ""])
def test_what_is_no_pair_of_objectives_is_refused(written: str) -> None:
    with pytest.raises(UserError, match="expected two objectives"):
        axes(written)


def test_the_picture_has_ink_at_its_points(tmp_path: Path) -> None:
    import skia

    from murakkab.cli.plan_chart import DOT, HEIGHT, WIDTH, write_chart

    write_chart(points(front(), "cost", "ttff"), "cost", "ttff", tmp_path / "front.png")
    image = skia.Image.open(str(tmp_path / "front.png"))
    assert (image.width(), image.height()) == (WIDTH, HEIGHT)
    pixels = image.toarray(colorType=skia.kRGBA_8888_ColorType)
    dot = [DOT >> 16 & 255, DOT >> 8 & 255, DOT & 255]
    blue = (pixels[:, :, :3] == dot).all(axis=2)
    columns = [n for n in range(WIDTH) if blue[:, n].any()]
    groups = 1 + sum(1 for one, other in pairwise(columns) if other > one + 1)
    assert groups == 2


def test_a_picture_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    from murakkab.cli.plan_chart import write_chart

    with pytest.raises(UserError, match="cannot write"):
        write_chart(points(front(), "cost", "ttff"), "cost", "ttff", tmp_path / "none" / "front.png")
