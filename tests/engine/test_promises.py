"""A finished run says which of its promises it broke."""

from __future__ import annotations

import pytest

from murakkab.engine.promises import missed
from murakkab.engine.store import RunRecord
from murakkab_optimizer.graph import Slo

RECORD = RunRecord("r", "w", "now", ttff_s=1.5, stall_s=0.4, made_in_s=30.0)


@pytest.mark.parametrize(
    ("slo", "told"),
    [
        (Slo(), []),
        (Slo(ttff_s=2, realtime=False, latency=31), []),
        (Slo(ttff_s=1), ["the first item came after 1.5 s, promised were 1 s"]),
        (Slo(realtime=True), ["the viewer had to wait 0.4 s, promised was no wait"]),
        (Slo(latency=20), ["it took 30.0 s, promised were 20 s"]),
        (Slo(latency="best"), []),
    ],
)
def test_what_was_not_kept_is_told(slo: Slo, told: list[str]) -> None:
    assert missed(slo, RECORD) == told


def test_the_first_item_is_promised_for_loaded_models() -> None:
    slo = Slo(ttff_s=1, latency=20)
    assert missed(slo, RECORD, cold=True) == ["it took 30.0 s, promised were 20 s"]
