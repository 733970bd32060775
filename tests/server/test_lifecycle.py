"""The life of runs through the real server and the real engine, in an order that hypothesis makes up."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from murakkab.engine import Engine, EngineOptions
from murakkab.server import serve
from murakkab_runtimes.base import adapters
from tests.cluster.conftest import TOYS, toy_environment
from tests.engine.conftest import SUMS, TROUBLE

NOWHERE = "/no/such/folder/or/file"
ENDED = {"succeeded", "failed", "cancelled"}


@contextmanager
def real(root: Path, workflows: Path) -> Iterator[httpx.Client]:
    """A client of a server with a real engine, whose workers have the toy runtimes."""
    address: list[str] = []
    listening, quit_on = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    def ready(url: str) -> None:
        address.append(url)
        loops.append(asyncio.get_running_loop())
        listening.set()

    async def main() -> None:
        engine = Engine(EngineOptions(root, cores=2, cache=False))
        try:
            await engine.start()
            await serve(engine, port=0, ready=ready, quit_on=quit_on, workflows=workflows)
        finally:
            await engine.close()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    try:
        assert listening.wait(60), "the server does not start"
        with httpx.Client(base_url=address[0], timeout=60) as client:
            yield client
    finally:
        loops[0].call_soon_threadsafe(quit_on.set)
        thread.join(60)
        assert not thread.is_alive(), "the server does not stop"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("workflows")
    (folder / "sums.yaml").write_text(SUMS)
    (folder / "trouble.yaml").write_text(TROUBLE)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in toy_environment().items():
            patch.setenv(name, value)
        patch.syspath_prepend(str(TOYS))
        adapters.cache_clear()
        with real(tmp_path_factory.mktemp("runs"), folder) as made:
            yield made
    adapters.cache_clear()


def ask(client: httpx.Client, workflow: str, **inputs: Any) -> httpx.Response:
    return client.post("/api/runs", json={"workflow": workflow, "inputs": inputs, "seed": 1})


def events_of(client: httpx.Client, run: str, after: int = 0) -> list[dict[str, Any]]:
    """The events until the run ends."""
    text = client.get(f"/api/runs/{run}/events", headers={"last-event-id": str(after)}).text
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


def life_of_runs(client: httpx.Client) -> type[RuleBasedStateMachine]:
    class Life(RuleBasedStateMachine):
        """What runs may become: an end is an end until the run is resumed, and success is for ever."""

        runs = Bundle("runs")

        def __init__(self) -> None:
            super().__init__()
            self.known: dict[str, str] = {}
            self.seen: dict[str, list[dict[str, Any]]] = {}

        def status(self, run: str) -> str:
            status = client.get(f"/api/runs/{run}").json()["status"]
            before = self.known[run]
            assert status in ENDED | {"running"}
            assert before == "running" or status == before
            self.known[run] = status
            return status

        @rule(target=runs, count=st.integers(0, 5), pause=st.sampled_from([0.0, 0.05, 0.3]))
        def submit(self, count: int, pause: float) -> str:
            return self.begun(ask(client, "sums", count=count, pause=pause))

        @rule(target=runs)
        def submit_one_that_fails(self) -> str:
            return self.begun(ask(client, "trouble", how="input", until=NOWHERE))

        def begun(self, answer: httpx.Response) -> str:
            assert answer.status_code == 201, answer.text
            run = answer.json()["run"]
            assert run not in self.known
            self.known[run] = "running"
            return run

        @rule(count=st.sampled_from([-1, 1001, "many", None, 1.5]))
        def submit_nonsense(self, count: Any) -> None:
            assert ask(client, "sums", count=count, other=1).status_code == 400

        @rule(run=runs)
        def cancel(self, run: str) -> None:
            assert client.post(f"/api/runs/{run}/cancel").json() == {"run": run}
            assert self.status(run) != "running"

        @rule(run=runs)
        def resume(self, run: str) -> None:
            before = self.status(run)
            answer = client.post(f"/api/runs/{run}/resume")
            if answer.status_code == 200:  # one that was running may have failed meanwhile
                assert before != "succeeded"
                self.known[run] = "running"
            else:
                assert answer.status_code == 409
                assert before in ("running", "succeeded")

        @rule(run=runs, share=st.floats(0, 1))
        def follow(self, run: str, share: float) -> None:
            """What was seen stays; who comes back is told the rest."""
            seen = self.seen.get(run, [])
            kept = seen[: round(share * len(seen))]
            if self.status(run) == "running":
                client.post(f"/api/runs/{run}/cancel")
            told = events_of(client, run, len(kept))
            whole = kept + told
            assert whole[: len(seen)] == seen
            assert [event["seq"] for event in whole] == list(range(1, len(whole) + 1))
            assert whole[-1]["event"] == "run.finished"
            assert whole[-1]["status"] == self.status(run)
            self.seen[run] = whole

        @rule(run=consumes(runs))
        def wait(self, run: str) -> None:
            """A run that nobody stops ends by itself, and leaves what it promised."""
            last = events_of(client, run)[-1]
            facts = client.get(f"/api/runs/{run}").json()
            assert facts["status"] == last["status"] == self.status(run)
            if facts["status"] == "succeeded":
                count = facts["inputs"]["count"]
                assert len(facts["outputs"]["total"] or []) == count
                assert "report.json" in facts["files"]

        @invariant()
        def all_are_listed(self) -> None:
            listed = {record["run"]: record["status"] for record in client.get("/api/runs").json()["runs"]}
            assert self.known.keys() <= listed.keys()

        def teardown(self) -> None:
            for run in self.known:
                client.post(f"/api/runs/{run}/cancel")
                assert events_of(client, run)[-1]["event"] == "run.finished"
                assert self.status(run) != "running"

    return Life


def live(client: httpx.Client, lives: int, steps: int) -> None:
    chosen = settings(max_examples=lives, stateful_step_count=steps, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(lambda: life_of_runs(client)(), settings=chosen)


def test_runs_live_as_they_may(client: httpx.Client) -> None:
    live(client, 5, 10)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_many_runs_live_as_they_may(client: httpx.Client) -> None:
    live(client, 30, 30)
