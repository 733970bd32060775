"""Metrics and spans of a run on a worker of another process, over a real Redis."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from murakkab.engine import Engine, EngineOptions
from murakkab.telemetry.exposing import Exposed
from tests.cluster.conftest import Server, wait_for
from tests.engine.conftest import SUMS, workflow

pytest.importorskip("prometheus_client")
pytest.importorskip("opentelemetry.sdk")


class Collector(ThreadingHTTPServer):
    """Takes spans as an OpenTelemetry collector does (OTLP over HTTP)."""

    def __init__(self) -> None:
        self.spans: dict[str, list] = {}
        super().__init__(("127.0.0.1", 0), _Intake)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def take(self, body: bytes) -> None:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            name = {a.key: a.value.string_value for a in resource.resource.attributes}["service.name"]
            self.spans.setdefault(name, []).extend(s for scope in resource.scope_spans for s in scope.spans)

    def named(self, service: str, begin: str) -> list:
        return [span for span in self.spans.get(service, []) if span.name.startswith(begin)]


class _Intake(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            import gzip

            body = gzip.decompress(body)
        self.server.take(body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    made = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{made.server_port}")
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def worker(server: Server, collector: Collector, tmp_path: Path) -> Iterator[str]:
    """A worker that tells metrics and spans; gives the address of its metrics."""
    log = tmp_path / "worker.log"
    options = ["--name", "m7", "--cores", "1", "--metrics", "0"]
    command = [sys.executable, "-m", "murakkab", "worker", "--broker", server.url, *options]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stderr=stream, stdout=stream, env=dict(os.environ))
    wait_for(lambda: "figures at" in log.read_text())
    yield next(line.split()[-1] for line in log.read_text().splitlines() if "figures at" in line)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0, log.read_text()


def figures(text: str) -> dict[str, float]:
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line[0] != "#"}


def test_a_run_is_told_in_metrics_and_spans(
    server: Server, worker: str, collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murakkab.engine.celery_fleet.WAIT_S", 90.0)
    exposed = Exposed()
    seen: dict[str, float] = {}

    async def go() -> None:
        made = Engine(EngineOptions(tmp_path / "runs", broker=server.url, cache=False, observers=(exposed,)))
        try:
            await made.start()
            run = await made.submit(workflow(SUMS, tmp_path), {"count": 3, "pause": 0.1})
            async for event in made.events(run):
                if event["event"] == "item.emitted":
                    seen.update(figures(exposed._metrics.text().decode()))
            assert (await asyncio.wait_for(made.wait(run), 60))["status"] == "succeeded"
        finally:
            await made.close()

    asyncio.run(go())
    _check_engine(figures(exposed._metrics.text().decode()), seen)
    _check_worker(worker)
    _check_spans(collector)


def _check_engine(told: dict[str, float], seen: dict[str, float]) -> None:
    assert told['murakkab_runs_total{status="succeeded",workflow="sums"}'] == 1
    tasks = {k: v for k, v in told.items() if k.startswith("murakkab_tasks_total") and 'outcome="finished"' in k}
    assert sum(tasks.values()) == 1 + 3 + 3
    assert not [name for name in told if "_total{" in name and "m7-" in name], "slots come and go, series stay"
    assert told['murakkab_task_seconds_count{model="toy-double"}'] == 3
    assert told['murakkab_work_seconds_total{model="toy-count"}'] >= 0.3
    assert seen["murakkab_live_runs"] == 1
    assert seen["murakkab_cores"] == 1
    assert 1 in [value for name, value in seen.items() if name.startswith("murakkab_slot_busy")]
    assert any(name.startswith("murakkab_queue_depth") for name in seen), "one core: the doubles wait for the count"
    assert any(v > 0 for name, v in seen.items() if name.startswith("murakkab_queue_oldest_seconds"))


def _check_worker(address: str) -> None:
    def told_now() -> dict[str, float]:
        return figures(urllib.request.urlopen(address, timeout=10).read().decode())

    def counted() -> float:
        names = {n: v for n, v in told_now().items() if n.startswith("murakkab_slot_tasks_total") and "finished" in n}
        return sum(names.values())

    wait_for(lambda: counted() >= 7)  # slots say it again and again
    assert counted() == 7
    told = told_now()
    assert [told[f'murakkab_slot_up{{slot="m7-{n}"}}'] for n in (1, 2, 3)] == [1, 1, 1]
    assert told['murakkab_slot_restarts_total{slot="m7-1"}'] == 0
    assert told['murakkab_slot_memory_bytes{slot="m7-1"}'] > 10e6
    assert told['murakkab_slot_holds{model="toy-count",slot="m7-1"}'] == 1


def _check_spans(collector: Collector) -> None:
    """One trace: the run, in it each attempt, in that what the worker did."""
    wait_for(lambda: len(collector.named("murakkab-worker", "work")) == 7)
    (run,) = collector.named("murakkab-engine", "run sums")
    attempts = {s.span_id: s for s in collector.spans["murakkab-engine"] if s.span_id != run.span_id}
    assert {s.parent_span_id for s in attempts.values()} == {run.span_id}
    work = {s.span_id: s for s in collector.named("murakkab-worker", "work")}
    assert {s.parent_span_id for s in work.values()} == set(attempts)
    assert {s.trace_id for s in (*attempts.values(), *work.values())} == {run.trace_id}
    items = collector.named("murakkab-worker", "item")
    (count,) = collector.named("murakkab-worker", "work toy-count")
    assert [s.name for s in items] == ["item 0", "item 1", "item 2"]
    assert {s.parent_span_id for s in items} == {count.span_id}
    assert all(s.end_time_unix_nano - s.start_time_unix_nano >= 0.1e9 for s in items)


def test_without_being_asked_nothing_of_it_is_imported() -> None:
    code = (
        "import sys, murakkab.engine, murakkab_runtimes.workers.child as child\n"
        "import io; child.Child('w', io.BytesIO())\n"
        "assert not {m.partition('.')[0] for m in sys.modules} & {'opentelemetry', 'prometheus_client'}\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=60)


def test_a_base_install_says_what_is_missing(collector: Collector) -> None:
    code = (
        "import logging, sys\n"
        "sys.modules['prometheus_client'] = sys.modules['opentelemetry'] = None\n"
        "logging.basicConfig()\n"
        "from murakkab_runtimes.workers.spans import worker_spans\n"
        "worker_spans('w').item(1)\n"
        "from murakkab.telemetry.exposing import Exposed\n"
        "Exposed()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "pip install 'murakkab[tracing]'" in done.stderr
    assert "UserError: --metrics needs prometheus-client" in done.stderr
