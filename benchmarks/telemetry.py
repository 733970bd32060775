"""What telemetry costs an engine: processor time of its process for each event, without, with metrics, with spans.

Tasks that do nothing go through the whole engine, journal included, on worker processes of this machine. Spans are
sent to a collector in the same process that forgets them, so sending and taking them is counted too.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import threading
import time
import timeit
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks import harness
from benchmarks.cluster_parts import NOOPS, take_noops_in
from murakkab_runtimes.workers.spans import ENDPOINTS

KINDS = ("off", "metrics", "spans", "both")


class _Intake(BaseHTTPRequestHandler):
    """Takes spans and forgets them."""

    def do_POST(self) -> None:
        """Answer one export."""
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


async def measured(folder: Path, kind: str, count: int) -> dict[str, float]:
    """Make ``count`` tasks once; processor seconds of this process for an event."""
    from murakkab.engine import Engine, EngineOptions
    from murakkab.language import load_workflow
    from murakkab.telemetry.exposing import Exposed

    (folder / "noops.yaml").write_text(NOOPS, encoding="utf-8")
    observers = (Exposed(),) if kind in ("metrics", "both") else ()
    engine = Engine(EngineOptions(folder / "runs", cores=1, cache=False, observers=observers))
    try:
        await engine.start()
        began, spent = time.perf_counter(), time.process_time()
        run = await engine.submit(load_workflow(folder / "noops.yaml"), {"count": count})
        end = await engine.wait(run)
        spent, began = time.process_time() - spent, time.perf_counter() - began
        assert end["status"] == "succeeded", end
        with (folder / "runs" / run / "journal.jsonl").open("rb") as journal:
            events = sum(line.startswith(b'{"t"') or b'"event"' in line for line in journal)
    finally:
        await engine.close()
    return {"us_per_event": spent / events * 1e6, "events": events, "events_per_s": events / began}


def one(kind: str, count: int, address: str) -> dict[str, float]:
    """One measurement with the environment that it takes."""
    for name in ENDPOINTS:
        os.environ.pop(name, None)
    if kind in ("spans", "both"):
        os.environ[ENDPOINTS[0]] = address
    with tempfile.TemporaryDirectory(prefix="murakkab-telemetry-") as folder:
        return asyncio.run(measured(Path(folder), kind, count))


def off_cost_us() -> float:
    """Microseconds that an event takes for asking whether anybody watches, in the engine and in the worker."""
    from murakkab_runtimes.workers.spans import NoSpans

    spans, observers = NoSpans(), []

    def asked() -> None:
        if observers:
            raise AssertionError
        "".join(filter(None, observers))

    def worker() -> None:
        with spans.attempt("lease", "model", ""):
            spans.progress(0.5)
        spans.item(1)

    calls: list[Callable[[], None]] = [asked, worker]
    return sum(min(timeit.repeat(call, number=100_000, repeat=5)) / 100_000 * 1e6 for call in calls)


def main() -> None:
    """Measure, print a table, write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    take_noops_in()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Intake)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    one("both", 100, address)  # imports are not measured
    rounds = [{kind: one(kind, asked.tasks, address) for kind in KINDS} for _ in range(asked.rounds)]
    off = statistics.median(r["off"]["us_per_event"] for r in rounds)
    rows: dict[str, Any] = {}
    for kind in KINDS:
        rows[kind] = harness.spread([r[kind]["us_per_event"] for r in rounds])
        more = rows[kind]["median"] / off - 1
        print(f"{kind:8} {rows[kind]['median']:8.1f} us of processor time an event ({more:+.1%})")
    asking = off_cost_us()
    print(f"asking whether anybody watches: {asking:.2f} us an event, {asking / off:.2%} of it")
    facts = {"us_per_event": rows, "off_cost_us": round(asking, 3), "off_share": round(asking / off, 5)}
    harness.write("telemetry", facts | {"tasks": asked.tasks, "rounds": asked.rounds}, asked.out)


if __name__ == "__main__":
    main()
