"""What faults cost a podcast on three workers: is the video whole, was anything made twice to effect, did it stall.

    python -m benchmarks.cluster_faults [--faults worker engine ...] [--schedules 20] [--duration 60] [--out FILE]

Each schedule has its own seed: of the podcast, of the moment of the fault (between 5 and 90 % of the show), and of
what it hits. The three workers are ``murakkab worker --cores 1`` on this machine; the engine is a ``murakkab run``.

    none       nothing happens
    worker     a worker and its slots are killed (SIGKILL) and stay away
    engine     the engine is killed; after up to 2 s `murakkab resume` goes on
    redis      the Redis is killed and started again after 1 s with what it had saved at that moment
    forgetful  the same without its data
    pause      the Redis stands still for 5 s (SIGSTOP)
    disk       one worker cannot write more than 16 KiB to a file from then on (RLIMIT_FSIZE: the kernel answers EFBIG,
               which is handled as ENOSPC is)

Stalls are those of a viewer who begins with the first segment: how much later a segment was there than the one before
it had been played. A segment counts from the moment at which it stands in the run's feed.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cluster_parts import Worker, workers
from benchmarks.harness import spread, write
from benchmarks.redis_server import Server, redis_server

LIMIT_S = 900.0
FILE_BYTES = 16 * 1024
SLOTS = 3


def main() -> None:
    """Run all schedules, print the table, write the JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--faults", nargs="+", choices=[*FAULTS], default=[*FAULTS])
    options.add_argument("--schedules", type=int, default=20)
    options.add_argument("--duration", type=int, default=60)
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    table = {}
    for fault in given.faults:
        found = []
        for seed in range(given.schedules):
            with tempfile.TemporaryDirectory(prefix="murakkab-faults-") as folder:
                found.append(trial(fault, seed, given.duration, Path(folder)))
            print(f"{fault:<10} {seed:3}  {told(found[-1])}", flush=True)
        table[fault] = found
        write("cluster_faults", {"duration": given.duration, "faults": summary(table), "schedules": table}, given.out)
    for fault, facts in summary(table).items():
        print(
            f"{fault:<10} {facts['whole']}/{facts['schedules']} whole, {facts['twice']} twice, stall {facts['stall_s']}"
        )


def trial(fault: str, seed: int, duration: int, folder: Path) -> dict[str, Any]:
    """Make a podcast while something goes wrong.

    Returns:
        ``whole``: the run succeeded and its video has all segments, without a gap; ``error``: why not; ``twice``:
        tasks, items and segments that counted twice; ``again``: attempts beyond the first of a task; ``stall_s``;
        ``at_s``: seconds of the show that were there when it went wrong.
    """
    chance = random.Random(f"{fault}-{seed}")
    with redis_server(folder) as server, workers(server, folder, "abc") as machines:
        show = Show(folder, server.url, duration)
        show.begin("run", "podcast", "--topic", "how tides work", "--duration", str(duration), "--seed", str(seed))
        at_s = chance.uniform(0.05, 0.9) * duration
        show.watch(until=lambda: show.shown_s >= at_s)
        FAULTS[fault](Scene(server, machines, show, chance))
        show.watch(until=lambda: False)
        return {"seed": seed, "at_s": round(at_s, 1), **show.facts()}


class Show:
    """One podcast that another process makes, and what its feed says.

    Args:
        folder: takes the runs and what the engine prints.
        broker: URL of the Redis.
        duration: that was asked for, in seconds.

    """

    def __init__(self, folder: Path, broker: str, duration: int) -> None:
        self._folder, self._broker, self._duration = folder, broker, duration
        self._events: list[dict[str, Any]] = []
        self._segments: list[tuple[float, dict[str, Any]]] = []
        self._read = 0
        self._engine: subprocess.Popen[bytes] | None = None

    @property
    def shown_s(self) -> float:
        """Seconds of the show that are there."""
        return sum(segment["seconds"] for _, segment in self._segments)

    @property
    def run(self) -> str:
        """Id of the run."""
        return next((self._folder / "runs").glob("podcast-*")).name

    def begin(self, *command: str) -> None:
        """Start an engine."""
        more = ["--runs", str(self._folder / "runs"), "--broker", self._broker, "--no-browser", "--quiet"]
        with (self._folder / "engine.log").open("ab") as log:
            self._engine = subprocess.Popen(
                [sys.executable, "-m", "murakkab", *command, *more], stdout=log, stderr=log, cwd=self._folder
            )

    def kill(self) -> None:
        """Kill the engine."""
        assert self._engine is not None
        self._engine.kill()
        self._engine.wait()

    def watch(self, until: Callable[[], bool]) -> None:
        """Read the feed until something holds or the engine has ended.

        Raises:
            TimeoutError: neither happens.
        """
        end = time.monotonic() + LIMIT_S
        while not until():
            ended = self._engine is None or self._engine.poll() is not None
            self._take()
            if ended:
                return
            if time.monotonic() > end:
                raise TimeoutError(f"the show took longer than {LIMIT_S} s")
            time.sleep(0.02)

    def _take(self) -> None:
        """Take in what is new in the feed."""
        for feed in (self._folder / "runs").glob("podcast-*/events.jsonl"):
            lines = feed.read_bytes().split(b"\n")[:-1]
            for line in lines[self._read :]:
                event = json.loads(line)
                self._events.append(event)
                if event["event"] == "segment.published":
                    self._segments.append((time.monotonic(), event))
            self._read = len(lines)

    def facts(self) -> dict[str, Any]:
        """What came of it; see ``trial``."""
        finished = [event for event in self._events if event["event"] == "run.finished"]
        error = next((event["error"] for event in reversed(finished) if event["status"] == "failed"), "")
        error = error or self._gap() or ("" if finished and finished[-1]["status"] == "succeeded" else "it did not end")
        return {
            "whole": not error,
            "error": error,
            "twice": sorted(self._twice()),
            "again": sum(e["event"] == "task.started" and e["attempt"] > 1 for e in self._events),
            "stall_s": round(self._stall_s(), 2),
            "shown_s": round(self.shown_s, 1),
        }

    def _gap(self) -> str:
        """What is missing in the video; empty for nothing."""
        at = 0.0
        for number, (_, segment) in enumerate(self._segments):
            if segment["index"] != number or abs(segment["start"] - at) > 0.05:
                return (
                    f"segment {segment['index']} from {segment['start']} s came in the place of {number} ({at:.2f} s)"
                )
            at = segment["start"] + segment["seconds"]
        if at < 0.5 * self._duration:
            return f"the show has only {at:.1f} s"
        video = self._folder / "runs" / self.run / "episode.mp4"
        if not video.is_file() or abs((length := seconds_of(video)) - at) > 0.5:
            return f"the video has {length if video.is_file() else 0} s, not {at:.1f} s"
        return ""

    def _twice(self) -> Iterator[str]:
        kinds = {"task.finished": ("node", "path"), "item.emitted": ("node", "path"), "segment.published": ("index",)}
        for kind, fields in kinds.items():
            counted = Counter(str([e[f] for f in fields]) for e in self._events if e["event"] == kind)
            yield from (f"{kind} {what}" for what, times in counted.items() if times > 1)

    def _stall_s(self) -> float:
        """Seconds that a viewer waits who begins with the first segment."""
        stalled, played_to = 0.0, self._segments[0][0] if self._segments else 0.0
        for there, segment in self._segments:
            stalled += max(there - played_to, 0.0)
            played_to = max(there, played_to) + segment["seconds"]
        return stalled


def seconds_of(video: Path) -> float:
    """Length of a video in seconds, by its longest track."""
    import av

    with av.open(str(video)) as container:
        return (container.duration or 0) / 1e6


@dataclass(frozen=True)
class Scene:
    """What a fault may touch."""

    server: Server
    machines: list[Worker]
    show: Show
    chance: random.Random


def _nothing(scene: Scene) -> None:
    pass


def _kill_a_worker(scene: Scene) -> None:
    scene.chance.choice(scene.machines).kill()


def _kill_the_engine(scene: Scene) -> None:
    scene.show.kill()
    time.sleep(scene.chance.uniform(0.0, 2.0))
    scene.show.begin("resume", scene.show.run)


def _restart_redis(scene: Scene) -> None:
    scene.server.client.save()
    scene.server.stop()
    time.sleep(1.0)
    scene.server.start()


def _restart_redis_empty(scene: Scene) -> None:
    scene.server.stop()
    scene.server.forget()
    time.sleep(1.0)
    scene.server.start()


def _pause_redis(scene: Scene) -> None:
    scene.server.signal(signal.SIGSTOP)
    time.sleep(5.0)
    scene.server.signal(signal.SIGCONT)


def _fill_a_disk(scene: Scene) -> None:
    worker = scene.chance.choice(scene.machines)
    for pid in hosts_of(scene.server, worker):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))


def hosts_of(server: Server, worker: Worker) -> list[int]:
    """Process ids of those that do a worker's tasks."""
    names = (f"murakkab:state:{worker.name}-{number + 1}" for number in range(SLOTS))
    return [json.loads(state)["pid"] for name in names if (state := server.client.get(name)) is not None]


FAULTS: dict[str, Callable[[Scene], None]] = {
    "none": _nothing,
    "worker": _kill_a_worker,
    "engine": _kill_the_engine,
    "redis": _restart_redis,
    "forgetful": _restart_redis_empty,
    "pause": _pause_redis,
    "disk": _fill_a_disk,
}


def told(facts: dict[str, Any]) -> str:
    """One line for a person."""
    outcome = "whole" if facts["whole"] else f"NOT WHOLE ({facts['error']})"
    twice = f"{len(facts['twice'])} twice"
    return f"at {facts['at_s']:5.1f} s  {outcome}  {twice}  {facts['again']} again  stall {facts['stall_s']:.2f} s"


def summary(table: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """By fault."""
    return {
        fault: {
            "schedules": len(found),
            "whole": sum(facts["whole"] for facts in found),
            "twice": sum(len(facts["twice"]) for facts in found),
            "again": sum(facts["again"] for facts in found),
            "stall_s": spread([facts["stall_s"] for facts in found]),
        }
        for fault, found in table.items()
    }


if __name__ == "__main__":
    main()
