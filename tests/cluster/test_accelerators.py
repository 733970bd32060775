"""A worker has a process for each accelerator, which alone sees it and does what needs one.

There is none where the tests run: a library of the functions of NVML stands in for it, and all behind that is real.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from murakkab.cli.workers import app
from murakkab.engine import Engine
from murakkab_runtimes.workers.cluster import wire
from tests.cluster.conftest import Server, Worker, toy_environment, wait_for, with_engine
from tests.cluster.test_cli import murakkab
from tests.engine.conftest import TOYS, workflow

CARDS = """
apiVersion: murakkab/v1
kind: Model
name: toy-painter
capability: toy-paint
adapter: toy-seen
description: Needs an accelerator.
licence: Apache-2.0
source: tests
needs: {threads: 1, accelerator_mb: 4000}
---
apiVersion: murakkab/v1
kind: Model
name: toy-sculptor
capability: toy-sculpt
adapter: toy-seen
description: Needs a whole accelerator.
licence: Apache-2.0
source: tests
needs: {threads: 1, accelerator_mb: 80000}
---
apiVersion: murakkab/v1
kind: Model
name: toy-clerk
capability: toy-clerk
adapter: toy-seen
description: Needs none.
licence: Apache-2.0
source: tests
---
apiVersion: murakkab/v1
kind: Profiles
model: toy-painter
unit: task
provenance: {kind: cited, date: "2026-11", source: tests}
rows:
  - {device: H100, devices: 1, unit_s: 0.1}
---
apiVersion: murakkab/v1
kind: Profiles
model: toy-sculptor
unit: task
provenance: {kind: cited, date: "2026-11", source: tests}
rows:
  - {device: H100, devices: 1, unit_s: 0.1}
"""

BOTH = """
apiVersion: murakkab/v1
kind: Workflow
metadata: {name: both, description: On an accelerator and beside it.}
nodes:
  paint: {capability: toy-paint}
  file: {capability: toy-clerk}
outputs:
  paint: ${{ nodes.paint }}
  file: ${{ nodes.file }}
"""

SCULPT = """
apiVersion: murakkab/v1
kind: Workflow
metadata: {name: sculpt, description: Takes a whole accelerator.}
nodes:
  sculpt: {capability: toy-sculpt}
outputs:
  sculpt: ${{ nodes.sculpt }}
"""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("cards")
    (folder / "painter.yaml").write_text(CARDS)
    return os.pathsep.join([str(TOYS / "cards"), str(folder)])


@pytest.fixture(scope="module")
def machine(server: Server, catalogue: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    env = toy_environment()
    path = os.pathsep.join([str(Path(__file__).parent / "nvml"), env["PYTHONPATH"]])
    more = {"PYTHONPATH": path, "MURAKKAB_CATALOG": catalogue}
    made = Worker(server.url, "m1", 1, tmp_path_factory.mktemp("m1") / "log", **env | more)
    yield made
    assert made.end() == 0, made.log.read_text()


def test_workers_are_listed_with_their_devices_and_a_name_is_taken_once(
    server: Server, machine: Worker, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wait_for(lambda: server.client.zcard("murakkab:slots") == 4)
    app(["--broker", server.url, "--json"], standalone_mode=False)
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [row["slot"] for row in rows] == ["m1-1", "m1-2", "m1-3", "m1-4"]
    assert [row["cores"] for row in rows] == [1, 0, 0, 0]
    assert [(row["device"], row["accelerator"]) for row in rows] == [*[("cpu", "")] * 3, ("H100", "GPU-0")]
    assert rows[-1]["memory_mb"] == 81_559
    again = murakkab(tmp_path, "worker", "--broker", server.url, "--name", "m1")
    assert again.returncode == 1
    assert "'m1' is there already" in again.stderr


def test_what_needs_an_accelerator_is_done_by_its_process_and_nothing_else_is(
    server: Server, machine: Worker, catalogue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MURAKKAB_CATALOG", catalogue)

    async def scenario(made: Engine) -> None:
        run = await made.submit(workflow(BOTH, tmp_path), {})
        end = await asyncio.wait_for(made.wait(run), 60)
        assert end["status"] == "succeeded", end
        assert end["outputs"]["paint"] == {"visible": "GPU-0", "room": "81559"}
        assert end["outputs"]["file"] == {"visible": "", "room": ""}

    monkeypatch.setattr("murakkab.engine.celery_fleet.WAIT_S", 90.0)
    with_engine(server.url, tmp_path, scenario)


def test_a_worker_lets_go_of_what_no_run_needs_when_the_engine_says_so(
    server: Server, machine: Worker, catalogue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MURAKKAB_CATALOG", catalogue)

    async def scenario(made: Engine) -> None:
        for text in (BOTH, SCULPT):
            run = await made.submit(workflow(text, tmp_path), {})
            end = await asyncio.wait_for(made.wait(run), 60)
            assert end["status"] == "succeeded", end

    monkeypatch.setattr("murakkab.engine.celery_fleet.WAIT_S", 90.0)
    with_engine(server.url, tmp_path, scenario)
    (journal,) = (tmp_path / "runs" / ".engines").glob("*/journal.jsonl")
    assert '{"type":"UnloadModel","worker":"m1-4","model":"toy-painter"}' in journal.read_text()
    state = wire.told(server.client.get(wire.state("m1-4")))
    assert state is not None
    assert state.models == ("toy-sculptor",)
