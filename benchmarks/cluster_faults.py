"""What faults cost a podcast on three workers: is the video whole, was anything made twice to effect, did it stall.

    python -m benchmarks.cluster_faults [--faults worker engine ...] [--schedules 20] [--duration 60] [--minutes 20]
                                        [--keep FILE] [--out FILE]

Each schedule has its own seed: of the podcast, of the moment of the fault (between 5 and 90 % of the show), and of
what it hits. A show that was over by that moment is played again with another moment. The three workers are
``murakkab worker --cores 1`` on this machine; the engine is a ``murakkab run``.

    none       nothing happens
    worker     a worker and its slots are killed (SIGKILL) and stay away
    engine     the engine is killed; after up to 2 s `murakkab resume` goes on
    redis      the Redis is killed and started again after 1 s with what it had saved at that moment
    forgetful  the same without its data
    pause      the Redis stands still for 5 s (SIGSTOP)
    disk       one worker cannot write more than 16 KiB to a file from then on (RLIMIT_FSIZE: the kernel answers EFBIG,
               which is handled as ENOSPC is)

Nobody watches: a show is made as fast as the machine can. Stalls are those of a viewer who would begin with the first
segment and play in real time: how much later a segment was there than the one before it would have been played. A
segment counts from the moment at which it stands in the run's feed.

One Redis and three workers serve all schedules, so models stay loaded; what a fault took is put back before the next
show. Every schedule is a line of the file ``--keep`` as soon as it is done. A call leaves out those that are there, of
the same duration and code, and ends after ``--minutes``; the next call goes on.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.adaptive_kept import code, refuse_other
from benchmarks.cluster_parts import Worker, workers
from benchmarks.cluster_show import Show
from benchmarks.harness import RESULTS, spread, wait_until, write
from benchmarks.redis_server import Server, redis_server

FILE_BYTES = 16 * 1024
SLOTS = 3
NAMES = "abc"
READY_S = 60.0
FRESH_S = 3.0
DRAWS = 5

Row = dict[str, Any]


def main() -> None:
    """Run the schedules that are not there yet, print the table, write the JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--faults", nargs="+", choices=[*FAULTS], default=[*FAULTS])
    options.add_argument("--schedules", type=int, default=20)
    options.add_argument("--duration", type=int, default=60, help="of each show, in seconds")
    options.add_argument("--minutes", type=float, default=float("inf"), help="begin no schedule after so many")
    options.add_argument("--keep", type=Path, default=RESULTS / "cluster_faults.jsonl", help="takes a line a schedule")
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    now, until = code(), time.monotonic() + given.minutes * 60
    rows = known(given.keep, given.duration, now)
    there = {(row["fault"], row["seed"]) for row in rows}
    asked = [(fault, seed) for seed in range(given.schedules) for fault in given.faults]
    for row in played([one for one in asked if one not in there], given.duration, until):
        rows.append({**row, "duration": given.duration, "code": now})
        with given.keep.open("a") as lines:
            lines.write(json.dumps(rows[-1]) + "\n")
        print(f"{row['fault']:<10} {row['seed']:3}  {told(row)}", flush=True)
    table = summary(rows)
    for fault, facts in table.items():
        print(
            f"{fault:<10} {facts['whole']}/{facts['schedules']} whole, {facts['struck']} struck, "
            f"{facts['twice']} twice, "
            f"stall median {facts['stall_s']['median']} s, largest {facts['stall_s']['max']} s"
        )
    if missing := len(asked) - len({(row["fault"], row["seed"]) for row in rows} & set(asked)):
        print(f"{missing} schedules are left: call this again")
    write("cluster_faults", {"duration": given.duration, "faults": table, "schedules": rows}, given.out)


def known(path: Path, duration: int, now: Row) -> list[Row]:
    """The schedules that were played before.

    Raises:
        SystemExit: they are of other code, of another duration, or do not say whether the fault struck.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    for row in rows:
        refuse_other(f"{path} holds schedules", row["code"], now)
        if row["duration"] != duration:
            raise SystemExit(f"{path} holds shows of {row['duration']} s: name another file with --keep")
        if "struck" not in row:
            raise SystemExit(f"{path} does not say whether the faults struck: name another file with --keep")
    return rows


def played(schedules: list[tuple[str, int]], duration: int, until: float) -> Iterator[Row]:
    """Play one schedule after the other on the same workers; on new ones where a fault left them out of order."""
    todo = [(fault, seed, 0) for fault, seed in schedules]
    while todo and time.monotonic() < until:
        with stage() as (server, machines), tempfile.TemporaryDirectory(prefix="murakkab-faults-") as place:
            while todo and time.monotonic() < until and ready(server):
                fault, seed, draw = todo.pop(0)
                folder = Path(place, f"{fault}-{seed}-{draw}")
                folder.mkdir()
                began = time.monotonic()
                row = trial(fault, seed, draw, duration, Scene(server, machines, Show(folder, server.url, duration)))
                if not row["struck"] and draw + 1 < DRAWS:
                    todo.insert(0, (fault, seed, draw + 1))
                    continue
                yield {**row, "took_s": round(time.monotonic() - began, 1)}


@contextlib.contextmanager
def stage() -> Iterator[tuple[Server, list[Worker]]]:
    """A Redis and three workers."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="murakkab-faults-")))
        server = stack.enter_context(redis_server(folder))
        yield server, stack.enter_context(workers(server, folder, NAMES))


def ready(server: Server) -> bool:
    """Wait until every slot is there, idle and nobody's; False where that does not come."""
    names = [f"{name}-{number + 1}" for name in NAMES for number in range(SLOTS)]

    def idle(name: str) -> bool:
        state = json.loads(server.client.get(f"murakkab:state:{name}") or "{}")
        announced = (server.client.zscore("murakkab:slots", name) or 0.0) > server.client.time()[0] - FRESH_S
        free = not server.client.exists(f"murakkab:owner:{name}")
        return announced and free and "child" in state and not state.get("lease") and not state.get("full")

    try:
        wait_until(lambda: all(map(idle, names)), READY_S, 0.2)
    except TimeoutError:
        print("the slots do not all come back: new workers are started", file=sys.stderr)
        return False
    return True


def trial(fault: str, seed: int, draw: int, duration: int, scene: Scene) -> Row:
    """Make a podcast while something goes wrong.

    Args:
        fault: what goes wrong.
        seed: of the schedule.
        draw: how often its show was over before anything could go wrong.
        duration: of the show, in seconds.
        scene: what the fault may touch.

    Returns:
        ``struck``: the show was being made when it went wrong; ``whole``: the run succeeded and its video has all
        segments, without a gap; ``error``: why not; ``twice``: tasks, items and segments that counted twice; ``again``:
        attempts beyond the first of a task; ``stall_s``; ``at_s``: seconds of the show that were there when it went
        wrong.
    """
    scene.chance.seed(f"{fault}-{seed}" + (f"-{draw}" if draw else ""))
    show = scene.show
    show.begin("run", "podcast", "--topic", "how tides work", "--duration", str(duration), "--seed", str(seed))
    at_s = scene.chance.uniform(0.05, 0.9) * duration
    show.watch(until=lambda: show.shown_s >= at_s)
    struck = show.goes_on
    try:
        if struck:
            FAULTS[fault](scene)
        show.watch(until=lambda: False)
    finally:
        for undo in scene.undo:
            undo()
    return {"fault": fault, "seed": seed, "at_s": round(at_s, 1), "struck": struck, **show.facts()}


@dataclass(frozen=True)
class Scene:
    """What a fault may touch, and what puts things in order after the show."""

    server: Server
    machines: list[Worker]
    show: Show
    chance: random.Random = field(default_factory=random.Random)
    undo: list[Callable[[], None]] = field(default_factory=list)


def _nothing(scene: Scene) -> None:
    pass


def _kill_a_worker(scene: Scene) -> None:
    victim = scene.chance.choice(scene.machines)
    victim.kill()
    scene.undo.append(partial(_replace_a_worker, scene.machines, victim, time.monotonic() + 1.5 * FRESH_S))


def _replace_a_worker(machines: list[Worker], lost: Worker, free_at: float) -> None:
    """Start another one with the name of one that was killed, once the name is free."""
    time.sleep(max(free_at - time.monotonic(), 0.0))
    machines[machines.index(lost)] = lost.again()


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
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (FILE_BYTES, resource.RLIM_INFINITY))
        scene.undo.append(partial(_empty_a_disk, pid, before))


def _empty_a_disk(pid: int, limits: tuple[int, int]) -> None:
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


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


def told(facts: Row) -> str:
    """One line for a person."""
    outcome = "whole" if facts["whole"] else f"NOT WHOLE ({facts['error']})"
    twice = f"{len(facts['twice'])} twice"
    outcome += "" if facts["struck"] else ", was over before the fault"
    return f"at {facts['at_s']:5.1f} s  {outcome}  {twice}  {facts['again']} again  stall {facts['stall_s']:.2f} s"


def summary(rows: list[Row]) -> dict[str, Row]:
    """By fault."""
    table = {fault: [row for row in rows if row["fault"] == fault] for fault in FAULTS}
    return {
        fault: {
            "schedules": len(found),
            "struck": sum(row["struck"] for row in found),
            "whole": sum(row["whole"] for row in found),
            "twice": sum(len(row["twice"]) for row in found),
            "again": sum(row["again"] for row in found),
            "stall_s": spread([row["stall_s"] for row in found]),
        }
        for fault, found in table.items()
        if found
    }


if __name__ == "__main__":
    main()
