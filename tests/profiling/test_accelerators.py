"""Accelerators of this machine: what plans may use of them, and which worker sees which.

There is none where the tests run: the functions of NVML stand in for it, and all behind them is real.
"""

from __future__ import annotations

import asyncio
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from murakkab.engine.errors import UserError
from murakkab.engine.here import this_machine
from murakkab.engine.local_fleet import LocalFleet
from murakkab.profiling import accelerators as found
from murakkab.profiling import this_cluster
from murakkab_optimizer.catalog import ModelCard, Needs
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.planner import PlanRequest, plan_workflow
from murakkab_optimizer.profiles.nouns import Profile
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.messages import Ready, Reply


class NvmlError(Exception):
    """What NVML raises."""


CARDS = {
    "GPU-a": ("NVIDIA H100 80GB HBM3", 81_559, 700_000),
    "GPU-b": ("NVIDIA H100 80GB HBM3", 81_559, 700_000),
    "GPU-c": ("NVIDIA Unheard Of", 8_000, None),
}


def limit(uuid: str) -> int:
    watts = CARDS[uuid][2]
    if watts is None:
        raise NvmlError("Not Supported")
    return watts


@pytest.fixture(autouse=True)
def nvml(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The library needs a driver, so its edge stands in for it."""
    library: Any = types.ModuleType("pynvml")
    library.NVMLError = NvmlError
    library.nvmlInit = lambda: None
    library.nvmlDeviceGetCount = lambda: len(CARDS)
    library.nvmlDeviceGetHandleByIndex = lambda index: list(CARDS)[index]
    library.nvmlDeviceGetHandleByUUID = lambda uuid: uuid
    library.nvmlDeviceGetUUID = lambda handle: handle
    library.nvmlDeviceGetName = lambda handle: CARDS[handle][0]
    library.nvmlDeviceGetMemoryInfo = lambda handle: types.SimpleNamespace(total=CARDS[handle][1] * 2**20)
    library.nvmlDeviceGetEnforcedPowerLimit = limit
    monkeypatch.setitem(sys.modules, "pynvml", library)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    found._accelerators.cache_clear()
    yield
    found._accelerators.cache_clear()


def test_accelerators_are_offered_by_type_one_to_an_instance() -> None:
    cores, large, small = this_cluster().offers
    assert (cores.device.kind, large.device.name, small.device.name) == ("cpu", "H100", "NVIDIA Unheard Of")
    assert (large.count, large.together, large.device.memory_mb, large.device.peak_w) == (2, 1, 81_559, 700.0)
    assert (small.count, small.device.memory_mb, small.device.peak_w) == (1, 8_000, 0.0)
    assert this_machine().devices == ("cpu", "gpu", "H100", "NVIDIA Unheard Of")


def test_only_visible_ones_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    assert [offer.device.name for offer in this_cluster().offers] == ["cpu", "NVIDIA Unheard Of"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert len(this_cluster().offers) == 1


def test_a_plan_for_this_machine_uses_what_fits_into_one_accelerator() -> None:
    def card(name: str, accelerator_mb: int) -> ModelCard:
        return ModelCard(name, "text-to-image", "none", "", "MIT", "", needs=Needs(accelerator_mb=accelerator_mb))

    cards = [card("fits", 40_000), card("needs-two", 120_000)]
    speeds = [
        Profile("fits", "image", 2.0, device="H100"),
        Profile("fits", "image", 1.0, device="H100", devices=2),
        Profile("needs-two", "image", 0.1, device="H100", devices=2),
    ]
    graph = Graph("g", (Node("paint", "text-to-image"),))
    chosen = plan_workflow(PlanRequest(graph, cards, speeds, this_cluster(), here=this_machine())).nodes["paint"].chosen
    assert (chosen.model, chosen.device, chosen.devices) == ("fits", "H100", 1)


def bind(monkeypatch: pytest.MonkeyPatch, together: str, visible: str = "0,1") -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setenv("MURAKKAB_ACCELERATORS_TOGETHER", together)


def test_those_of_a_kind_may_be_bound_together(monkeypatch: pytest.MonkeyPatch) -> None:
    bind(monkeypatch, "2")
    _, pair = this_cluster().offers
    assert (pair.device.name, pair.count, pair.together) == ("H100", 2, 2)


@pytest.mark.parametrize(("together", "visible", "why"), [
    ("2", "0,1,2", "MURAKKAB_ACCELERATORS_TOGETHER is 2, and there are 1 of 'NVIDIA Unheard Of'"),
    ("0", "0,1", "MURAKKAB_ACCELERATORS_TOGETHER is '0'"),
    ("two", "0,1", "MURAKKAB_ACCELERATORS_TOGETHER is 'two'"),
])  # fmt: skip
def test_those_that_cannot_be_bound_together_are_told(
    together: str, visible: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind(monkeypatch, together, visible)
    with pytest.raises(UserError, match=why):
        this_cluster()


def test_each_accelerator_has_a_worker_that_sees_no_other_one(tmp_path: Path) -> None:
    seen, models = workers(tmp_path, 4)
    assert sorted(seen.values()) == [("", ""), ("GPU-a", "81559"), ("GPU-b", "81559"), ("GPU-c", "8000")]
    cards = load_catalog().values()
    needing = frozenset(card.name for card in cards if card.needs.accelerator_mb)
    for name, (visible, _) in seen.items():
        assert models[name] == (needing if visible else frozenset(card.name for card in cards) - needing)
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_those_that_are_bound_together_have_one_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bind(monkeypatch, "2")
    seen, _ = workers(tmp_path, 2)
    assert sorted(seen.values()) == [("", ""), ("GPU-a,GPU-b", "81559")]


def workers(folder: Path, count: int) -> tuple[dict[str, tuple[str, str]], dict[str, frozenset[str]]]:
    """What each worker of a fleet with one for the processor is shown, and the models that it can use."""
    models: dict[str, frozenset[str]] = {}
    seen: dict[str, tuple[str, str]] = {}

    async def scenario() -> None:
        ready = asyncio.Event()

        def heard(name: str, reply: Reply) -> None:
            if isinstance(reply, Ready):
                models[name] = frozenset(reply.models or ())
                variables = dict(
                    line.split("=", 1) for line in Path(f"/proc/{reply.pid}/environ").read_text().split("\0") if line
                )
                seen[name] = variables["CUDA_VISIBLE_DEVICES"], variables.get("MURAKKAB_ACCELERATOR_MB", "")
            if len(models) == count:
                ready.set()

        fleet = LocalFleet(folder, 1, heard, lambda *_: None, lambda _: None)
        await fleet.start()
        try:
            await asyncio.wait_for(ready.wait(), 60)
        finally:
            await fleet.stop()

    asyncio.run(scenario())
    return seen, models
