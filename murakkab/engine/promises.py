"""Which promises a finished run did not keep."""

from __future__ import annotations

from murakkab.engine.store import RunRecord
from murakkab_optimizer.graph import Slo

LEAST_STALL_S = 0.05
"""Seconds of waiting for data that nobody notices."""


def missed(slo: Slo, record: RunRecord, *, cold: bool = False) -> list[str]:
    """One sentence for each promise in numbers that the run broke; those in tiers are the planner's.

    A run is ``cold`` that had to load models first: the first item is promised for loaded ones, as its plan says.
    """
    told = []
    if slo.ttff_s is not None and not cold and record.ttff_s is not None and record.ttff_s > slo.ttff_s:
        told.append(f"the first item came after {record.ttff_s:.1f} s, promised were {slo.ttff_s:g} s")
    if slo.realtime and record.stall_s is not None and record.stall_s > LEAST_STALL_S:
        told.append(f"the viewer had to wait {record.stall_s:.1f} s, promised was no wait")
    latency, made = slo.latency, record.made_in_s
    if isinstance(latency, int | float) and made is not None and made > latency:
        told.append(f"it took {made:.1f} s, promised were {latency:g} s")
    return told
