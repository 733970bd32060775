"""What the published podcast loses with adaptation and without it must be the same, or the rows tell nothing."""

from __future__ import annotations

import pytest

from benchmarks import paper_scale
from benchmarks.paper_scale_cases import Case
from tests.simulator.generated import CLUSTER, FILM, LIPS, plan, show


def test_without_adaptation_the_same_instances_are_lost_at_the_same_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_scale, "bounds", lambda _: ())  # they are those of the published podcast
    case = Case("small", show(24), plan(spot=(FILM, LIPS)), CLUSTER, 0.1)
    facts = paper_scale.facts_of(case, 2, 0.1)
    middle = [one for one in facts["taken"] if one["at"] == 0.5]
    assert [one["back_s"] for one in middle] == [60.0, None]
    for adaptive, none in zip(middle, facts["none_taken"], strict=True):
        assert min(none["lost_instances"]) > 0
        for told in ("at_s", "back_s", "lost_instances"):
            assert none[told] == adaptive[told]
        assert none["first_item_s"]["median"] > adaptive["first_item_s"]["median"]
