"""One line more in the workflow or the cluster, another plan, and a reason that names the line."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from murakkab_optimizer.catalog import Needs, Quality, Range
from murakkab_optimizer.graph import Edge, Graph, Node, Slo, Where
from murakkab_optimizer.hardware import Offer
from murakkab_optimizer.plan import Instances, Pin, Plan
from murakkab_optimizer.planner import Here, NoPlanError, PinError
from murakkab_optimizer.planner.assign.nouns import Outcome
from murakkab_optimizer.planner.build import build
from murakkab_optimizer.planner.candidates import Finder
from murakkab_optimizer.planner.planning import pareto, plan_workflow
from murakkab_optimizer.planner.speeds import Speeds
from murakkab_optimizer.planner.wording import amount, apart, figures
from murakkab_optimizer.planner.workload import workload
from tests.planner.planning import (
    CARDS,
    CORE,
    GPU,
    SPEEDS,
    machines,
    model,
    planned,
    request,
    show,
    speed,
    spoken,
    told,
)


def test_without_a_promise_the_best_rated_one_is_taken() -> None:
    plan = planned(show())
    assert spoken(plan) == ("fine", "the best-rated one here")
    assert (plan.method, plan.gap) == ("exact", 0.0)
    assert plan.nodes["speech"].alternatives == (
        ("plain", "rated 0.6 against 0.9"),
        ("grand", "no device here is known to run it"),
    )
    assert plan.nodes["speech"].runner_up.model == "plain"
    assert plan.nodes["script"].reason == "the only one here"
    assert told(plan, "quality").value == 1.0


def test_a_shorter_ttff_takes_another_model_and_says_so() -> None:
    model, reason = spoken(planned(show(Slo(ttff_s=0.5))))
    assert model == "plain"
    assert reason == "fine would show the first item after 1.61 s; ttff 0.5 s is promised"


def test_real_time_on_fewer_cores_takes_another_model() -> None:
    slo = Slo(realtime=True)
    assert spoken(planned(show(slo), machines(2)))[0] == "fine"
    model, reason = spoken(planned(show(slo), machines(1)))
    assert model == "plain"
    assert "real time" in reason


def test_a_latency_is_kept_and_named() -> None:
    plan = planned(show(Slo(latency=8)))
    assert spoken(plan)[0] == "plain"
    assert "latency 8 s is promised" in spoken(plan)[1]
    assert told(plan, "latency").value <= told(plan, "latency").limit == 8


def test_the_objective_cost_takes_the_cheapest() -> None:
    plan = planned(show(Slo(objective=("cost",))))
    assert spoken(plan) == ("plain", "the cheapest one here, for cost")
    assert "dearer" in dict(plan.nodes["speech"].alternatives)["fine"]
    assert plan.objective[0] == "cost"


def test_a_node_may_have_an_objective_of_its_own() -> None:
    plan = planned(show(speech={"slo": Slo(objective=("latency",))}))
    assert spoken(plan)[0] == "plain"
    assert "fastest" in spoken(plan)[1] or "only" in spoken(plan)[1]


def test_an_accelerator_that_is_added_is_used() -> None:
    plan = planned(show(), machines(2, Offer(GPU, 1, spot=False)))
    assert spoken(plan)[0] == "grand"
    chosen = plan.nodes["speech"].chosen
    assert (chosen.device, chosen.devices) == ("G100", 1)
    assert [(group.device, group.count, group.spot) for group in plan.nodes["speech"].instances] == [("G100", 1, False)]
    assert told(plan, "cost").value > told(planned(show()), "cost").value


def test_spot_devices_are_cheaper_and_may_be_refused() -> None:
    both = machines(2, Offer(GPU, 2, spot=True), Offer(GPU, 2, spot=False))
    assert planned(show(), both).nodes["speech"].instances[0].spot
    stays = planned(show(speech={"where": Where(spot=False)}), both)
    assert not stays.nodes["speech"].instances[0].spot
    only = machines(2, Offer(GPU, 2, spot=True))
    assert spoken(planned(show(speech={"where": Where(spot=False)}), only))[0] == "fine"


@pytest.mark.parametrize(
    ("where", "model"),
    [(Where(device="cpu"), "fine"), (Where(device="gpu"), "grand"), (Where(device="G100"), "grand")],
)
def test_a_place_is_kept(where: Where, model: str) -> None:
    assert spoken(planned(show(speech={"where": where}), machines(2, Offer(GPU, 1, spot=False))))[0] == model


def test_a_place_that_is_not_there_is_no_plan() -> None:
    with pytest.raises(NoPlanError, match="'speech' is to run on 'gpu'; here there is: cpu"):
        planned(show(speech={"where": Where(device="gpu")}))
    with pytest.raises(NoPlanError, match="in 'eu'"):
        planned(show(speech={"where": Where(region="eu")}))


def test_regions_are_kept_apart() -> None:
    offers = (Offer(CORE, 2, spot=False, region="us"), Offer(GPU, 1, spot=False, region="eu"))
    cluster = msgspec.structs.replace(machines(), offers=offers)
    assert spoken(planned(show(speech={"where": Where(region="us")}), cluster))[0] == "fine"
    with pytest.raises(NoPlanError, match="offers nothing"):
        planned(show(speech={"where": Where(region="eu", device="cpu")}), cluster)


def test_a_pinned_model_is_used_whatever_it_costs() -> None:
    plan = planned(show(Slo(objective=("cost",))), pins={"speech": Pin("fine")})
    assert spoken(plan) == ("fine", "asked for")
    with pytest.raises(PinError, match="no model 'find'; there are: fine, grand, plain"):
        planned(show(), pins={"speech": Pin("find")})
    with pytest.raises(PinError, match="no node 'speach'"):
        planned(show(), pins={"speach": Pin("fine")})


def test_a_pinned_setting_outside_its_range_is_refused() -> None:
    loud = model("loud", "text-to-speech", 0.95, knobs={"speed": 1.0}, ranges={"speed": Range(minimum=0.5, maximum=2)})
    cards = [*CARDS, loud]
    plan = planned(
        show(), cards=cards, profiles=[*SPEEDS, speed("loud", 0.1)], pins={"speech": Pin("loud", {"speed": 2})}
    )
    assert plan.nodes["speech"].chosen.knobs == {"speed": 2}
    with pytest.raises(PinError, match=r"'speed' of loud is 3; it may be from 0\.5 to 2"):
        planned(show(), cards=cards, pins={"speech": Pin("loud", {"speed": 3})})


def test_settings_are_tried_where_they_were_measured() -> None:
    steps = Range(choices=(10, 20, 40))
    rated = (Quality(0.7, "test", {"steps": 10}),)
    paint = model("paint", "text-to-speech", 0.95, knobs={"steps": 20}, ranges={"steps": steps}, rated=rated)
    times = [speed("paint", 0.5, knobs={"steps": 20}), speed("paint", 0.1, knobs={"steps": 10})]
    cards, profiles = [*CARDS, paint], [*SPEEDS, *times]
    assert planned(show(), cards=cards, profiles=profiles).nodes["speech"].chosen.knobs == {"steps": 20}
    quick = planned(show(Slo(ttff_s=0.9)), cards=cards, profiles=profiles).nodes["speech"]
    assert (quick.chosen.model, quick.chosen.knobs, quick.chosen.quality) == ("paint", {"steps": 10}, 0.7)
    assert "paint with steps 20 would show the first item" in quick.reason


def test_settings_of_loading_are_chosen_as_others_are() -> None:
    """Compiling, the backend of attention and the type of numbers, where a card names values to try."""
    ranges = {"compile": Range(choices=(False, True)), "attention": Range(choices=("auto", "sdpa"))}
    usual = {"compile": False, "attention": "auto", "dtype": "auto"}
    paint = model(
        "paint", "text-to-speech", 0.95, knobs=usual, ranges={**ranges, "dtype": Range(choices=("auto", "float16"))}
    )
    measured = {
        (False, "auto", "auto"): 0.5,
        (True, "auto", "auto"): 0.3,
        (False, "sdpa", "auto"): 0.6,
        (True, "auto", "float16"): 0.2,
    }
    times = [speed("paint", s, knobs=dict(zip(usual, values, strict=True))) for values, s in measured.items()]
    more = {"cards": [*CARDS, paint], "profiles": [*SPEEDS, *times]}
    fastest = planned(show(Slo(objective=("quality", "latency"))), **more).nodes["speech"].chosen
    assert (fastest.model, fastest.knobs) == ("paint", {"compile": True, "attention": "auto", "dtype": "float16"})
    pinned = planned(show(), pins={"speech": Pin("paint", {"compile": False, "dtype": "auto"})}, **more)
    assert pinned.nodes["speech"].chosen.knobs["attention"] == "auto"


def test_the_quality_of_the_whole_is_a_floor() -> None:
    slo = Slo(objective=("cost",), quality=0.8)
    plan = planned(show(slo))
    assert spoken(plan)[0] == "fine"
    assert spoken(plan)[1] == "plain would give quality 0.667; quality 0.8 is promised"
    assert told(plan, "quality").limit == 0.8
    assert spoken(planned(show(Slo(objective=("cost",), quality=0.6))))[0] == "plain"


def test_a_tier_is_a_percentile_of_what_can_be_had() -> None:
    def least(tier: str) -> float | None:
        return told(planned(show(Slo(objective=("cost",), quality=tier))), "quality").limit

    assert least("best") == 1.0
    assert least("good") == 1.0, "half of all plans speak with the best voice"
    assert least("basic") in (pytest.approx(2 / 3), 1.0)


def test_no_plan_names_the_nearest_promise() -> None:
    with pytest.raises(NoPlanError, match=r"ttff [0-9.]+ s could be had, promised were 0.01 s") as fault:
        planned(show(Slo(ttff_s=0.01)))
    nearest = fault.value.nearest["ttff"]
    assert 0.01 < nearest < 1
    kept = planned(show(Slo(ttff_s=nearest * 1.001)))
    assert told(kept, "ttff").value <= nearest * 1.001
    with pytest.raises(NoPlanError):
        planned(show(Slo(ttff_s=nearest * 0.98)))


SMALL = Range(choices=(0, 180))


def enlarged(slo: Slo | None = None) -> Graph:
    video = Node("video", "image-to-video", {"fps": 20, "height": 360, "duration": 60}, streams=True)
    larger = Node("larger", "enlarge", {"height": 360}, (Edge("video", 1),), "video", depth=1)
    return Graph("enlarged", (video, larger), publish="larger", slo=slo or Slo())


DRAW = model("draw", "image-to-video", 0.6, knobs={"draw_height": 0}, ranges={"draw_height": SMALL})
SAME = model("same", "enlarge", 1.0, passes=True)
LARGER = model("zoom", "enlarge", 0.9)
DRAWN = [
    speed("draw", 0.02, "frame", conditions={"height": 360}),
    speed("draw", 0.005, "frame", conditions={"height": 180}),
    speed("zoom", 0.004, "frame"),
]


def test_who_hands_pictures_on_goes_with_whole_ones() -> None:
    more = {"cards": [DRAW, SAME, LARGER], "profiles": DRAWN}
    plan = planned(enlarged(), **more)
    assert (plan.nodes["larger"].chosen.model, plan.nodes["video"].chosen.knobs) == ("same", {"draw_height": 0})
    assert "nothing is left for zoom to do" in dict(plan.nodes["larger"].alternatives)["zoom"]
    fast = planned(enlarged(Slo(latency=9)), **more)
    assert (fast.nodes["larger"].chosen.model, fast.nodes["video"].chosen.knobs) == ("zoom", {"draw_height": 180})
    assert "latency 9 s is promised" in fast.nodes["video"].reason
    pinned = planned(enlarged(), pins={"larger": Pin("zoom")}, **more)
    assert pinned.nodes["video"].chosen.knobs == {"draw_height": 180}
    low = planned(enlarged(), pins={"video": Pin(knobs={"draw_height": 180})}, **more)
    assert low.nodes["larger"].chosen.model == "zoom"
    with pytest.raises(NoPlanError, match="hands pictures on as they are"):
        planned(enlarged(), pins={"video": Pin(knobs={"draw_height": 180}), "larger": Pin("same")}, **more)


def test_what_was_never_measured_may_be_tried_for_quality_only() -> None:
    new = [*CARDS, model("new", "text-to-speech", 0.99)]
    plan = planned(show(), cards=new)
    assert spoken(plan)[0] == "new"
    assert plan.nodes["speech"].provenance == "never measured"
    assert "new" in told(plan, "latency").note
    fast = planned(show(Slo(objective=("latency",))), cards=new)
    assert dict(fast.nodes["speech"].alternatives)["new"] == "nobody measured it here"


def test_fewer_threads_take_longer_and_draw_less() -> None:
    cards = [*CARDS[:3], msgspec.structs.replace(model("fine", "text-to-speech", 0.9), needs=Needs(2, 50))]
    watts = [*SPEEDS[:3], speed("fine", 0.2, devices=2, power_w=8.0)]
    full, half = (planned(show(), machines(cores), cards=cards, profiles=watts) for cores in (2, 1))
    assert half.nodes["speech"].chosen.seconds == pytest.approx(2 * full.nodes["speech"].chosen.seconds, rel=1e-3)
    assert told(half, "energy").value == pytest.approx(told(full, "energy").value)


def test_figures_of_one_unit_are_compared_with_each_other() -> None:
    gpu = [speed("grand", 1.0, "task", device="G100", devices=2)]
    gpu += [speed("grand", 0.08 / n, device="G100", devices=n) for n in (1, 2, 4)]
    only = {"cards": [*CARDS[:3], model("grand", "text-to-speech", 1.0, gpu_mb=8000)], "profiles": [*SPEEDS[:3], *gpu]}
    seconds = [
        planned(show(), machines(2, Offer(GPU, n, spot=False)), **only).nodes["speech"].chosen.seconds
        for n in (1, 2, 4)
    ]
    assert seconds == pytest.approx([seconds[0], seconds[0] / 2, seconds[0] / 4], rel=1e-3)


def test_a_profile_of_a_form_holds_for_that_form_alone() -> None:
    forms = [speed("writer", 5.0, "task", conditions={"form": form}) for form in ("outline", "plain")]
    for asked, profiles, seconds in (
        ({"form": "outline"}, [*forms, speed("writer", 0.1, "word")], 5.0),
        ({"form": "outline"}, [speed("writer", 0.1, "word"), *forms], 5.0),
        ({"form": "dialogue", "duration": 60}, [*forms, speed("writer", 0.1, "word")], 15.6),
        ({}, [forms[0], speed("writer", 0.1, "word")], 4.0),
        ({}, [*forms, speed("writer", 0.1, "word")], 5.0),
    ):
        graph = Graph("one", (Node("say", "text-generation", asked, streams="form" in asked),))
        assert planned(graph, profiles=profiles).nodes["say"].chosen.seconds == pytest.approx(seconds), asked


def test_money_is_told_with_cents_and_as_many_digits_as_tell_sums_apart() -> None:
    assert [amount("cost", value) for value in (26.0149, 0, 0.03591, 1234.5)] == [
        "$26.01",
        "$0.00",
        "$0.0359",
        "$1,234.50",
    ]
    assert amount("ttff", 1613.2) == "1,613 s"
    one, other = (Outcome(0, 0, 0, cost, 0, 1, 0, (), 0) for cost in (26.011, 26.014))
    assert figures("cost", one, other) == ("$26.011", "$26.014")
    assert apart("ttff", 22.04, 22) == ("22.04 s", "22 s")


def test_load_slows_a_model_down() -> None:
    from murakkab_optimizer.profiles import LoadPoint

    busy = [
        p if p.model != "fine" else msgspec.structs.replace(p, load=(LoadPoint(0, 0.4), LoadPoint(10, 4.0)))
        for p in SPEEDS
    ]
    idle, loaded = (plan_workflow(request(show(), profiles=busy, rate=rate)) for rate in (0.0, 0.1))
    assert loaded.nodes["speech"].chosen.seconds > 1.5 * idle.nodes["speech"].chosen.seconds


def test_load_is_shared_by_the_accelerators_that_there_are() -> None:
    from murakkab_optimizer.profiles import LoadPoint

    curve = (LoadPoint(0, 0.02), LoadPoint(5, 0.02), LoadPoint(25, 0.22))
    busy = [p if p.model != "grand" else msgspec.structs.replace(p, load=curve) for p in SPEEDS]
    where = {"where": Where(model=("grand",))}
    seconds = {
        count: planned(show(speech=where), machines(2, Offer(GPU, count, spot=False)), profiles=busy, rate=0.5)
        .nodes["speech"]
        .chosen.seconds
        for count in (1, 2, 4, 8)
    }
    assert seconds[1] > 1.5 * seconds[2] > 2 * seconds[4]
    assert seconds[8] == pytest.approx(0.02 * 5, rel=0.2)


def test_an_instance_that_runs_is_in_one_of_several_equal_offers() -> None:
    graph, gpu = show(), Offer(GPU, 1, spot=False)
    cluster = machines(2, gpu, gpu)
    finder = Finder(CARDS, Speeds(SPEEDS), cluster, {}, Here())
    for count, held in ((1, {("grand", 1, 1): 1}), (2, {("grand", 1, 1): 1, ("grand", 2, 1): 1})):
        running = Plan({}, instances=(Instances("grand", "G100", 1, count),))
        assert build(graph, workload(graph), finder, {}, running).problem.held == held


def test_instances_that_run_already_need_no_loading() -> None:
    cards = [c if c.name != "grand" else msgspec.structs.replace(c, load_s=60.0) for c in CARDS]
    cluster = machines(2, Offer(GPU, 1, spot=False))
    plan = planned(show(), cluster, cards=cards)
    again = planned(show(), cluster, cards=cards, in_force=plan)
    assert told(again, "cost").value == pytest.approx(told(plan, "cost").value - 4.0 * 60 / 3600)


def test_what_giving_way_would_buy_is_told() -> None:
    plan = planned(show(Slo(ttff_s=0.5)), relax=True)
    first = plan.relaxations[0]
    assert (first.limit, first.objective) == ("ttff", "quality")
    assert first.before == pytest.approx(2 / 3)
    assert first.after == pytest.approx(1.0)


def test_a_front_runs_from_cheap_to_good() -> None:
    plans = pareto(request(show()), "cost", "quality", 4)
    figures = [(told(plan, "cost").value, told(plan, "quality").value) for plan in plans]
    assert figures == sorted(figures)
    assert [spoken(plan)[0] for plan in (plans[0], plans[-1])] == ["plain", "fine"]


def test_without_time_there_is_a_plan_all_the_same() -> None:
    slo = Slo(ttff_s=0.5, objective=("latency",))
    plan = planned(show(slo), may_go_on=lambda: False)
    assert set(plan.nodes) == {"script", "speech", "video", "package"}
    assert told(plan, "ttff").value <= 0.5


def test_plans_are_kept_and_read_again() -> None:
    made = planned(show(Slo(ttff_s=0.5)), relax=True)
    assert msgspec.json.decode(msgspec.json.encode(made), type=type(made)) == made


ENLARGER = model("enlarge", "video-to-video", 0.8)
HAND = model("hand", "video-to-video", 1.0, passes=True)


def clips(canvas: int, *drawn: int, slo: Slo = Slo(objective=("latency",))) -> Any:  # noqa: B008 - frozen
    """A plan in which clips are drawn in one of these heights (0: that of the canvas), and enlarged or handed on."""
    pen = model("pen", "image-to-video", 0.5, knobs={"draw_height": drawn[0]}, ranges={"draw_height": Range(drawn)})
    speeds = [speed("pen", 1e-6 * (h or canvas) ** 2, "frame", knobs={"draw_height": h}) for h in drawn]
    speeds += [
        speed("hand", 0.0, "frame", conditions={"height": 400, "from_height": 400}),
        speed("enlarge", 0.01, "frame", conditions={"height": 200, "from_height": 100}),
        speed("enlarge", 0.04, "frame", conditions={"height": 400, "from_height": 200}),
        speed("enlarge", 0.16, "frame", conditions={"height": 400, "from_height": 100}),
        speed("wrap", 0.01, "clip"),
    ]
    size = {"height": canvas, "fps": 10, "duration": 60}
    video = Node("video", "image-to-video", size, streams=True)
    upscale = Node("upscale", "video-to-video", {"height": canvas}, (Edge("video", 1),), "video", depth=1)
    packed = Node("package", "pack", {}, (Edge("upscale", 1),), "upscale", depth=1, join="ordered")
    shown = Graph("clips", (video, upscale, packed), publish="package", slo=slo)
    return planned(shown, cards=[pen, ENLARGER, HAND, CARDS[2]], profiles=speeds)


def test_who_enlarges_sees_the_height_that_it_starts_from() -> None:
    plan = clips(400, 100, 200)
    assert plan.nodes["video"].chosen.knobs == {"draw_height": 200}
    assert plan.nodes["upscale"].chosen.seconds == pytest.approx(0.04 * 10 * 1.5)
    small = clips(400, 100)
    assert small.nodes["upscale"].chosen.seconds == pytest.approx(0.16 * 10 * 1.5)


def test_who_enlarges_to_another_size_takes_as_long_as_its_pixels_say() -> None:
    plan = clips(300, 150)
    assert plan.nodes["upscale"].chosen.seconds == pytest.approx(0.0225 * 10 * 1.5)
    assert "interpolated between 200 lines and 400 lines" in plan.nodes["upscale"].provenance


def test_who_hands_pictures_on_takes_whole_ones_whatever_was_measured_of_it() -> None:
    plan = clips(400, 0, 100, 200, slo=Slo(objective=("quality",)))
    assert plan.nodes["video"].chosen.knobs == {"draw_height": 0}
    assert plan.nodes["upscale"].chosen.model == "hand"
