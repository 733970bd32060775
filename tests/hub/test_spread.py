"""Tasks that a group of processes does together give what one process gives, and a group ends as one."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="comes with the extra 'torch'")
pytest.importorskip("diffusers", reason="comes with the extra 'diffusers'")

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Cancelled, InputError, Output, Runtime, RuntimeFault, Task
from murakkab_runtimes.hub.group import processes_for
from murakkab_runtimes.secrets import Mask
from murakkab_runtimes.workers.held import Held
from murakkab_runtimes.workers.logs import masked_output
from tests.gallery.working import run
from tests.hub.tiny import SECTION, WORDS, card, do, load, png

STEPS = {"steps": 3}
TWO = {**STEPS, "context_parallel": 2}
SCENE = {"section": SECTION, "width": 64, "height": 48}

Holds = Callable[[ModelCard], Runtime]


@pytest.fixture
def hold() -> Iterator[Holds]:
    """Holds models as a worker does."""
    before = processes()
    models = Held(lambda _: nullcontext())
    yield lambda one: models.get(one, 2, {})
    models.close()
    assert processes() == before


@pytest.fixture(scope="module")
def group(models: Path, pipelines: Path) -> Iterator[Runtime]:
    """A model that two processes run."""
    held = Held(lambda _: nullcontext())
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MURAKKAB_MODELS", str(models))
        yield held.get(card("flux", "text-to-image", TWO), 2, {})
    held.close()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    from PIL import Image

    path = tmp_path / "begin.png"
    Image.fromarray(np.linspace(0, 255, 32 * 32 * 3).reshape(32, 32, 3).astype(np.uint8)).save(path)
    return path


def made(runtime: Runtime, folder: Path, **arguments: Any) -> dict[str, Any]:
    folder.mkdir()
    return do(runtime, folder, **arguments)


def task(folder: Path, name: str) -> Task:
    scratch = folder / name
    scratch.mkdir()
    return Task(SCENE, scratch)


def test_two_processes_make_the_picture_that_one_makes(group: Runtime, tmp_path: Path) -> None:
    alone = made(load(card("flux", "text-to-image", STEPS)), tmp_path / "alone", **SCENE)
    together = made(group, tmp_path / "together", **SCENE)
    seen, wanted = png(together["image"]).astype(int), png(alone["image"]).astype(int)
    assert abs(seen - wanted).max() <= 1
    assert wanted.std() > 1
    assert group.meter is not None
    assert group.meter.held_mb > 0
    output = group.run(task(tmp_path, "told"))
    assert isinstance(output, Output)
    assert output.meta["processes"] == 2
    assert [one.name for one in (tmp_path / "told").iterdir()] == ["picture.png"]


def test_a_group_ends_as_one_and_another_takes_its_place(
    hold: Holds, pipelines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped between layers, lost in a task, and lost between two: what comes after is whole."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    others = processes()
    one = card("flux", "text-to-image", TWO)
    group = hold(one)
    whole = group.run(task(tmp_path, "whole"))
    stopped(group, tmp_path)
    assert same(hold(one).run(task(tmp_path, "after")), whole)
    assert hold(one) is group

    members = [pid for pid in processes() if pid not in others]
    assert len(members) == 2

    def kill(_: float) -> None:
        os.kill(members[1], signal.SIGKILL)

    with pytest.raises(RuntimeFault, match="one of the processes of flux ended") as fault:
        group.run(replace(task(tmp_path, "lost"), on_progress=kill))
    assert fault.value.retry
    assert processes() == others

    second = hold(one)
    assert second is not group
    os.kill(processes()[-1], signal.SIGKILL)
    with pytest.raises(RuntimeFault, match="one of the processes of flux ended"):
        second.run(task(tmp_path, "idle"))
    third = hold(one)
    assert same(third.run(task(tmp_path, "again")), whole)
    assert len(list(tmp_path.glob("murakkab-group-*"))) == 1
    third.close()
    assert not list(tmp_path.glob("murakkab-group-*"))


def stopped(group: Runtime, folder: Path) -> None:
    """It stops before the first step is done."""
    told: list[float] = []

    def stop(done: float) -> None:
        told.append(done)
        raise Cancelled

    with pytest.raises(Cancelled):
        group.run(replace(task(folder, "stopped"), on_progress=stop))
    assert told == [0.0]
    assert not list((folder / "stopped").iterdir())


def same(found: object, other: object) -> bool:
    """Whether two tasks made the same picture."""
    assert isinstance(found, Output)
    assert isinstance(other, Output)
    return bool(found.value["image"].read_bytes() == other.value["image"].read_bytes())


def processes() -> list[int]:
    """Ids of those that this one has started and that live."""
    lists = (file.read_text() for file in Path("/proc/self/task").glob("*/children"))
    return sorted(int(pid) for text in lists for pid in text.split() if "ranks" in command_of(pid))


def command_of(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def test_what_one_process_cannot_do_is_told_and_the_others_go_on(group: Runtime, tmp_path: Path) -> None:
    full = task(tmp_path, "full")
    (full.scratch / "picture.png").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        group.run(full)
    assert isinstance(group.run(task(tmp_path, "next")), Output)
    assert not group.broken


def test_what_the_processes_print_goes_through_the_mask_of_the_task(
    group: Runtime, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader of the prompt tells what it leaves out of a long one."""
    monkeypatch.setenv("SECRET", "tide")
    long = {**SCENE, "section": {"title": "rises " * 90 + "tide"}}
    printed = []
    for name, mask in (("open", Mask()), ("masked", Mask(["SECRET"]))):
        with masked_output(mask):
            group.run(replace(task(tmp_path, name), arguments=long))
        printed.append(capfd.readouterr().err)
    assert ["truncated" in one for one in printed] == [True, True]
    assert ["tide" in one for one in printed] == [True, False]


def test_two_processes_make_the_film_that_one_makes(
    hold: Holds, pipelines: Path, picture: Path, tmp_path: Path
) -> None:
    asked = {"image": picture, "prompt": WORDS, "seconds": 0.2, "width": 32, "height": 32}
    alone = made(load(card("wan22", "image-text-to-video", STEPS)), tmp_path / "alone", **asked)
    together = made(hold(card("wan22", "image-text-to-video", TWO)), tmp_path / "together", **asked)
    assert {**together, "video": ""} == {**alone, "video": ""}
    assert together["video"].read_bytes() == alone["video"].read_bytes()


def test_a_denoiser_of_a_pipeline_in_parts_is_spread_too(hold: Holds, pipelines: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    text = made(load(card("qwen", "text-encoding", {"guidance": 4.0})), tmp_path / "text", prompt=WORDS)
    asked = {"embeddings": text["embeddings"], "width": 64, "height": 64}
    alone = made(load(card("qwen", "latent-denoising", STEPS)), tmp_path / "alone", **asked)
    together = made(hold(card("qwen", "latent-denoising", TWO)), tmp_path / "together", **asked)
    wanted, seen = load_file(alone["latents"]), load_file(together["latents"])
    assert wanted.keys() == seen.keys()
    for name, values in wanted.items():
        np.testing.assert_allclose(seen[name], values, atol=1e-4)


def test_what_cannot_be_spread_is_refused(hold: Holds, pipelines: Path) -> None:
    with pytest.raises(InputError, match="diffusers cannot spread a UNet2DConditionModel; leave context_parallel at 1"):
        hold(card("sdxl", "text-to-image", TWO))


@pytest.mark.parametrize(("spread", "why"), [(0, "0; give a number"), ("all", "'all'; give a number"), (True, "True")])
def test_it_is_a_number_of_accelerators(spread: object, why: str, pipelines: Path) -> None:
    with pytest.raises(InputError, match=f"context_parallel is {why}"):
        load(card("flux", "text-to-image", {**STEPS, "context_parallel": spread}))


def test_a_worker_spreads_a_task_over_the_accelerators_that_it_has(pipelines: Path) -> None:
    four = card("flux", "text-to-image", {**STEPS, "context_parallel": 4})
    assert [processes_for(four, {"CUDA_VISIBLE_DEVICES": those}) for those in ("a", "a,b", "a,b,c,d,e", "")] == [
        1,
        2,
        4,
        4,
    ]
    assert processes_for(card("flux", "text-to-image", STEPS)) == 1
    assert processes_for(card("flux", "text-encoding", {"guidance": 0.0, "context_parallel": 4})) == 1


CARDS = """
apiVersion: murakkab/v1
kind: Model
name: tiny
capability: text-to-image
adapter: diffusers-image
description: A tiny pipeline.
licence: Apache-2.0
source: made in the test
weights: {repo: tiny/flux}
knobs: {steps: 2, context_parallel: 1}
needs: {threads: 1, memory_mb: 900, accelerator_mb: 900}
---
apiVersion: murakkab/v1
kind: Profiles
model: tiny
unit: image
provenance: {kind: estimated, source: made up}
rows:
  - {device: H100, devices: 1, unit_s: 2}
  - {device: H100, devices: 2, unit_s: 1.2}
"""
WORKFLOW = """
apiVersion: murakkab/v1
kind: Workflow
metadata: {name: one}
nodes:
  paint:
    task: text-to-image
    with: {section: {title: The tide rises}, width: 64, height: 48}
    where: {model: tiny}
outputs:
  picture: ${{ nodes.paint.image }}
"""
NVML = """
import types

class NVMLError(Exception):
    pass

def nvmlInit(): pass
def nvmlDeviceGetCount(): return 2
def nvmlDeviceGetHandleByIndex(index): return index
def nvmlDeviceGetUUID(handle): return f"GPU-{handle}"
def nvmlDeviceGetName(handle): return "NVIDIA H100 80GB HBM3"
def nvmlDeviceGetMemoryInfo(handle): return types.SimpleNamespace(total=80_000 * 2**20)
def nvmlDeviceGetEnforcedPowerLimit(handle): return 700_000
"""


def test_the_command_plans_and_makes_a_picture_with_two_accelerators_that_are_bound_together(
    monkeypatch: pytest.MonkeyPatch, pipelines: Path, tmp_path: Path
) -> None:
    """NVML tells of accelerators that are not there; the processes that have them work on the processor."""
    from PIL import Image

    for name, text in {"cards/cards.yaml": CARDS, "one.yaml": WORKFLOW, "nvml/pynvml.py": NVML}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("MURAKKAB_CATALOG", str(tmp_path / "cards"))
    monkeypatch.setenv("MURAKKAB_ACCELERATORS_TOGETHER", "2")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "nvml"), *filter(None, sys.path)]))
    code, end, told = run(tmp_path, str(tmp_path / "one.yaml"))
    assert code == 0, told
    with Image.open(end["outputs"]["picture"]) as picture:
        assert picture.size == (64, 48)
    (plan,) = (tmp_path / "runs").glob("*/plan.json")
    chosen = json.loads(plan.read_text())["nodes"]["paint"]["chosen"]
    assert (chosen["devices"], chosen["knobs"]["context_parallel"]) == (2, 2)
    (events,) = (tmp_path / "runs").glob("*/events.jsonl")
    done = [event for event in map(json.loads, events.read_text().splitlines()) if event["event"] == "task.finished"]
    assert [event["meta"]["processes"] for event in done] == [2]
