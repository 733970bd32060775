"""A Celery worker with the application's settings and a few small tasks: URL, overrides (JSON), seconds to come up."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from murakkab_runtimes.workers.cluster.app import make_app


def build(url: str, overrides: dict[str, Any]) -> Any:
    app = make_app(url)
    app.conf.update(overrides)

    @app.task(name="work")
    def work(log: str, seconds: float) -> None:
        note(log, "begin")
        time.sleep(seconds)
        note(log, "end")

    @app.task(name="die")
    def die(log: str) -> None:
        note(log, "die")
        os.kill(os.getpid(), signal.SIGKILL)

    return app


def note(log: str, line: str) -> None:
    with Path(log).open("a") as stream:
        stream.write(line + "\n")


def main() -> None:
    from celery import signals

    url, overrides, up_s = sys.argv[1], json.loads(sys.argv[2]), float(sys.argv[3])
    signals.worker_process_init.connect(lambda **_: time.sleep(up_s), weak=False)
    app = build(url, overrides)
    app.Worker(
        pool="prefork",
        concurrency=1,
        queues=["q"],
        hostname=f"w{os.getpid()}@test",
        loglevel="ERROR",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    ).start()


if __name__ == "__main__":
    main()
