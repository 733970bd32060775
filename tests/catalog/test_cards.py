"""Every card of the catalogue can be used by the planner and says where its figures come from."""

from importlib.metadata import entry_points

import pytest

from murakkab_optimizer.planner.workload import UNITS
from murakkab_runtimes.base import GROUP, only_planned
from murakkab_runtimes.catalog import load_catalog, read_catalog
from murakkab_runtimes.hub.settings import CHOICES

CARDS = load_catalog()


EMBEDDED = [name for name, card in CARDS.items() if not only_planned(card)]
PIPELINES = ("diffusers-image", "diffusers-video")
PUBLISHED = sorted(CARDS.keys() - EMBEDDED)


@pytest.mark.parametrize("name", EMBEDDED)
def test_a_card_names_an_adapter_and_figures_that_the_planner_reads(name):
    card = CARDS[name]
    assert entry_points(group=GROUP).select(name=card.adapter)
    assert 0 < card.quality.value <= 1
    assert card.quality.source
    assert {measured.unit for measured in card.measured} <= UNITS
    heights = [measured.knobs.get("height") for measured in card.measured if measured.unit in ("frame", "image")]
    assert all(heights), "the speed of a picture is that of a size"


@pytest.mark.parametrize("name", CARDS)
def test_what_a_knob_may_be_holds_its_default_and_what_is_tried(name):
    card = CARDS[name]
    assert card.ranges.keys() <= card.knobs.keys()
    for knob, span in card.ranges.items():
        low, high = span.minimum, span.maximum
        assert not span.choices or card.knobs[knob] in span.choices
        for value in (*span.choices, card.knobs[knob]):
            assert low is None or value >= low
            assert high is None or value <= high
    assert all(rating.source and 0 < rating.value <= 1 for rating in card.rated)


@pytest.mark.parametrize("name", [name for name, card in CARDS.items() if card.lighter])
def test_lighter_settings_are_some_that_the_model_has_and_take_less_memory(name):
    card = CARDS[name]
    for light in card.lighter:
        assert all(value in CHOICES[knob] for knob, value in light.knobs.items())
        assert light.knobs.keys() <= card.knobs.keys()
        assert 0 < light.needs.accelerator_mb < card.needs.accelerator_mb
        assert light.needs.memory_mb > card.needs.memory_mb or "offload" not in light.knobs
        assert ("bitsandbytes" in light.packages) == ("nf4" in light.knobs.values())
        assert light.source
        assert light.slower >= 1
        assert card.needs_with({**card.knobs, **light.knobs}) == light.needs
    assert card.needs_with(card.knobs) == card.needs


def test_all_pipelines_that_a_device_of_48_gb_has_no_room_for_have_lighter_settings_that_it_has_room_for():
    large = [card for card in CARDS.values() if card.needs.accelerator_mb > 49152 and card.adapter in PIPELINES]
    assert len(large) >= 5
    for card in large:
        assert min(light.needs.accelerator_mb for light in card.lighter) <= 49152, card.name


def test_a_setting_that_is_tried_and_looks_worse_is_rated_so():
    hosts = CARDS["drawn-hosts"]
    details = [hosts.quality_with({**hosts.knobs, "detail": name}).value for name in hosts.ranges["detail"].choices]
    assert details == sorted(details, reverse=True)
    assert len(set(details)) == len(details)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- a list", "expected a mapping"),
        ("kind: Model\nname: x", "expected 'apiVersion"),
        ("apiVersion: murakkab/v1\nkind: Model\nname: x", "x: .*missing required field"),
    ],
)
def test_a_file_that_is_no_card_is_named(tmp_path, text, complaint):
    (tmp_path / "odd.yaml").write_text(text)
    with pytest.raises(ValueError, match=rf"odd\.yaml.*{complaint}"):
        read_catalog(tmp_path)
