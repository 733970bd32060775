"""Settings that hold from the loading of a model on are measured in a process each."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
import pytest

from murakkab.profiling.machine import this_machine
from murakkab.profiling.measure import Effort, Session, configurations
from murakkab.profiling.store import Record
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.hardware import DeviceType, Offer
from murakkab_runtimes.catalog import load_catalog

MOULD = """
import time
from murakkab.profiling.probe import Piece, Probe
from murakkab_runtimes.base import Runtime, Unavailable

class Mould(Runtime):
    loaded_with = ("bits",)
    loads = 0

    def __init__(self, card, threads):
        super().__init__(card, threads)
        Mould.loads += 1
        if card.knobs["bits"] == 8:
            raise Unavailable("8 bits do not load")
        if Mould.loads > 1:
            raise Unavailable("this process held it in other settings")
        time.sleep(0.5 if card.knobs["bits"] == 4 else 0)

    def run(self, task):
        return task.knobs["bits"]

def probes(card):
    return [Probe("task", lambda inputs: [Piece({"size": 2, "of": "clay"}), Piece({"size": 5, "hot": True})])]
"""

MOULD_CARD = """
apiVersion: murakkab/v1
kind: Model
name: mould
capability: moulding
adapter: mould
description: Is loaded in as many bits as it is asked to.
licence: Apache-2.0
source: tests
knobs: {bits: 16}
needs: {accelerator_mb: 500}
lighter:
- {knobs: {bits: 8}, needs: {accelerator_mb: 300}, source: a guess}
- {knobs: {bits: 4}, needs: {accelerator_mb: 200}, source: a guess}
- {knobs: {bits: 2}, needs: {accelerator_mb: 100}, source: a guess}
"""


@pytest.fixture
def mould(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    """A model that does not load in 8 bits, nor twice in one process, on an accelerator without room for 16."""
    from murakkab.profiling import measure as measuring

    (tmp_path / "moulds.py").write_text(MOULD)
    (tmp_path / "mould.yaml").write_text(MOULD_CARD)
    info = tmp_path / "moulds-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: moulds\nVersion: 1.0\n")
    points = "[murakkab.runtimes]\nmould = moulds:Mould\n[murakkab.probes]\nmoulding = moulds:probes\n"
    (info / "entry_points.txt").write_text(points)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    monkeypatch.setenv("MURAKKAB_CATALOG", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    offer = Offer(DeviceType("G", 0.0, memory_mb=350), 1, spot=False)
    monkeypatch.setattr(measuring, "accelerator_offers", lambda **_: [offer])
    return load_catalog()["mould"]


def test_each_choice_of_settings_of_loading_is_measured_in_a_process_of_its_own(mould: ModelCard) -> None:
    with Session(this_machine(), Effort(repeats=2, cap_s=0.2, loaded=False)) as session:
        found = {one.knobs["bits"]: record for one, record in session.measure(mould, configurations(mould))}
    assert found[8] == "8 bits do not load"
    four, two = found[4], found[2]
    assert isinstance(four, Record), four
    assert isinstance(two, Record), two
    assert four.most == {"size": 5}
    assert four.load_s >= 0.5
    assert two.load_s != four.load_s


def test_where_a_worker_has_several_accelerators_tasks_are_measured_on_one_and_more(
    mould: ModelCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    from murakkab.profiling import measure as measuring

    offer = Offer(DeviceType("G", 0.0, memory_mb=600), 6, spot=False, together=6)
    monkeypatch.setattr(measuring, "accelerator_offers", lambda **_: [offer])
    spread = msgspec.structs.replace(mould, knobs={**mould.knobs, "context_parallel": 1})
    assert [one.knobs.get("context_parallel") for one in configurations(spread)] == [None, 2, 4, 6]
    assert len({one.key for one in configurations(spread)}) == 4
    assert [one.knobs for one in configurations(mould)] == [{}]
