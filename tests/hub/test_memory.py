"""The memory that a model takes, whatever else its process holds."""

from __future__ import annotations

import pytest

from murakkab_runtimes.base import OutOfMemory
from murakkab_runtimes.hub.memory import Meter

torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")

MIB = 2**20


def filled(mib: int) -> object:
    return torch.ones(mib * MIB, dtype=torch.uint8)


def test_a_model_is_counted_without_what_was_there_and_a_task_with_the_model() -> None:
    other, meter = filled(64), Meter(torch.device("cpu"))
    with meter.loading("a model"):
        weights = filled(32)
    assert 28 <= meter.held_mb <= 48
    with meter.working("a large task"):
        del weights
        weights = [filled(32), filled(96)]
    assert 120 <= meter.peak_mb <= 170
    large = meter.told()["peak_mb"]
    del weights[1]
    meter.begin()
    with meter.working("a small task"):
        filled(8)
    assert 0 < int(meter.told()["peak_mb"]) < int(large) - 40
    del other


def test_memory_that_others_let_go_counts_when_it_is_taken_again() -> None:
    bits = [filled(1) for _ in range(96)]  # below what the system is asked for alone: it stays with the process
    del bits
    meter = Meter(torch.device("cpu"))
    with meter.loading("a model"):
        weights = [filled(1) for _ in range(64)]
    assert 56 <= meter.held_mb <= 80
    for _ in range(2):
        meter.begin()
        with meter.working("a task"):
            [filled(1) for _ in range(48)]
        assert 100 <= meter.peak_mb <= 136
    del weights


def test_a_model_too_small_to_be_seen_counts_as_one() -> None:
    meter = Meter(torch.device("cpu"))
    with meter.loading("a tiny model"):
        pass
    assert (meter.held_mb, meter.told()) == (1, {"peak_mb": 1})


def test_what_no_machine_holds_is_told() -> None:
    meter = Meter(torch.device("cpu"))
    with pytest.raises(OutOfMemory, match="a film does not fit into the memory of cpu"), meter.working("a film"):
        filled(2**30)
