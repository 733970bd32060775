"""The next best configuration of a choice, and how it is told apart from the chosen one."""

from __future__ import annotations

from murakkab_optimizer.catalog import Quality, Range
from murakkab_optimizer.graph import Slo
from murakkab_optimizer.hardware import Cluster, Link, Offer
from murakkab_optimizer.plan import Plan
from tests.planner.planning import CARDS, CORE, GPU, SPEEDS, model, planned, show, speed

PEN = model(
    "pen",
    "image-to-video",
    0.6,
    knobs={"encoding": "fine"},
    ranges={"encoding": Range(("fine", "fast"))},
    rated=(Quality(0.5, "test", {"encoding": "fast"}),),
)
PENS = {
    "cards": [PEN, *(card for card in CARDS if card.name != "pen")],
    "profiles": [
        *(known for known in SPEEDS if known.model != "pen"),
        *(speed("pen", 0.004, "frame", knobs={"encoding": setting}) for setting in ("fine", "fast")),
    ],
}


def drawn(slo: Slo | None = None) -> Plan:
    """A plan whose clips one model alone can draw, in two settings of the same speed."""
    return planned(show(slo), **PENS)


def test_where_there_is_no_other_model_other_settings_are_the_next_best() -> None:
    video = drawn().nodes["video"]
    assert (video.chosen.model, video.chosen.knobs) == ("pen", {"encoding": "fine"})
    assert (video.runner_up.model, video.runner_up.knobs) == ("pen", {"encoding": "fast"})
    assert video.alternatives == (("pen", "with encoding fast: rated 0.5 against 0.6"),)
    assert drawn().nodes["script"].runner_up is None


def test_another_model_is_the_next_best_before_other_settings() -> None:
    more = {**PENS, "cards": [*PENS["cards"], model("brush", "image-to-video", 0.1)]}
    more["profiles"] = [*PENS["profiles"], speed("brush", 0.004, "frame")]
    assert planned(show(), **more).nodes["video"].runner_up.model == "brush"


def test_a_reason_names_the_settings_where_the_models_are_equal() -> None:
    reason = drawn(Slo(objective=("cost",))).nodes["video"].reason
    assert "of equals the one with the highest quality" in reason
    assert reason.endswith("with pen with encoding fast)")


def test_devices_are_told_apart_by_their_region() -> None:
    offers = (
        Offer(CORE, 4, spot=False, region="west"),
        *(Offer(GPU, 1, spot=False, region=region) for region in ("west", "east")),
    )
    cluster = Cluster("regions", offers, billing="used", links=(Link("west", "east", 1.0, 0.5),))
    speech = planned(show(), cluster).nodes["speech"]
    assert speech.instances[0].region == "west"
    assert dict(speech.alternatives)["grand"].startswith("on G100 in east: slower: ")
