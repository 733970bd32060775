"""Adaptive quality on this machine: podcasts that a real Chromium plays, with and without a core taken away.

    python -m benchmarks.adaptive [--duration 600] [--taken 60] [--at 0.1] [--policy adaptive ...] [--no-vmaf]

Each rung policy makes one episode with all cores and one while a busy process holds a core for ``--taken`` seconds,
from the moment at which the share ``--at`` of the show is ready. The process is pinned and, where the system allows it,
has the highest priority, so that next to nothing of that core is left. Stalls and the time to the first frame are those
that Chromium measured. VMAF compares what was shown with the same shots made again on the best rung: same script, seed
and timeline. One picture for each episode has the rung and the seconds that were ready over time. Needs Chromium,
Node.js and `npm ci`, and for VMAF the package imageio-ffmpeg.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.adaptive_plot import draw
from benchmarks.harness import write
from benchmarks.podcast import make, server
from benchmarks.retake import Retake
from benchmarks.rungs import ffmpeg, scores
from murakkab.engine.feed import read_events
from murakkab_optimizer.policies.rungs import POLICIES

TOPIC, SEED = "How tides work", 7
BUSY = "import os, sys\nos.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass"
HIGHEST = -20


def main() -> None:
    """Measure, print the table, write the JSON and the pictures."""
    given = options().parse_args()
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("Chromium is missing: apt-get install chromium")
    rows = []
    print(
        f"{'policy':<10}{'core taken':>11}{'TTFF s':>8}{'stall s':>9}{'quality':>9}{'top':>6}{'VMAF':>7}"
        f"{'worst':>7}  rungs"
    )
    for policy in given.policy or ["adaptive", "top", "lowest", "per-run"]:
        for taken in dict.fromkeys((0.0, given.taken)):
            row = episode(policy, taken, given, program)
            rows.append(row)
            looks = row["vmaf"] or {"mean": float("nan"), "worst_shot": float("nan")}
            rungs = ", ".join(f"{name} {share:.0%}" for name, share in row["shares"].items())
            print(
                f"{policy:<10}{row['taken_s']:>9.0f} s{row['ttff_s']:>8.2f}{row['stall_s']:>9.2f}{row['quality']:>9.3f}"
                f"{row['top_share']:>6.0%}{looks['mean']:>7.1f}{looks['worst_shot']:>7.1f}  {rungs}",
                flush=True,
            )
    facts = {"player": "Chromium, headless", "canvas": f"{given.width}x{given.height}", "at": given.at, "rows": rows}
    print(f"written to {write('adaptive', facts, given.out)}")


def options() -> argparse.ArgumentParser:
    """What can be asked for."""
    found = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    found.add_argument("--duration", type=int, default=600, help="seconds of the show")
    found.add_argument("--taken", type=float, default=60.0, help="seconds for which a core is taken away")
    found.add_argument("--at", type=float, default=0.1, help="share of the show that is ready then")
    found.add_argument("--policy", action="append", choices=list(POLICIES))
    found.add_argument("--width", type=int, default=1280)
    found.add_argument("--height", type=int, default=720)
    found.add_argument("--no-vmaf", action="store_true")
    found.add_argument("--pictures", type=Path, default=Path(tempfile.gettempdir()), help="folder of the pictures")
    found.add_argument("--out", type=Path)
    return found


def episode(policy: str, taken: float, given: argparse.Namespace, program: str) -> dict[str, Any]:
    """Make and play one episode; what came of it."""
    folder = Path(tempfile.mkdtemp(prefix="murakkab-adaptive-"))
    try:
        runs = folder / "runs"
        with server(runs, "--rungs", policy) as (_, address):
            with httpx.Client(base_url=address, timeout=120) as client:
                make(client, runs, "A first episode", 10, 99)
            known = set(runs.glob("*/run.json"))
            with played(folder, address, given, program) as player:
                window = take_core(runs, known, taken, given, player)
                out, err = player.communicate()
            if player.returncode:
                raise RuntimeError(err)
        run = runs / out.strip()
        return facts(run, policy, taken, window, given)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def played(folder: Path, address: str, given: argparse.Namespace, program: str) -> Iterator[subprocess.Popen[str]]:
    """A browser that asks for the episode and plays it to its end."""
    inputs = {"duration": given.duration, "width": given.width, "height": given.height, "run-seed": SEED}
    command = ["node", "player.mjs", program, address, TOPIC, "1", str(folder / "page.png")]
    command += [str(folder / "profile"), json.dumps(inputs)]
    pipe = subprocess.PIPE
    player = subprocess.Popen(command, cwd=Path(__file__).parent, stdout=pipe, stderr=pipe, text=True)
    try:
        yield player
    finally:
        if player.poll() is None:
            player.kill()


def take_core(
    runs: Path, known: set[Path], taken: float, given: argparse.Namespace, player: subprocess.Popen[str]
) -> tuple[float, float] | None:
    """Keep a core busy for a while once enough of the show is ready; when, in seconds since the epoch."""
    while taken and player.poll() is None:
        time.sleep(0.1)
        for record in set(runs.glob("*/run.json")) - known:
            events = read_events(record.parent / "events.jsonl")
            ready = sum(event["seconds"] for event in events if event["event"] == "segment.published")
            if ready >= given.at * given.duration:
                return keep_busy(taken)
    return None


def keep_busy(seconds: float) -> tuple[float, float]:
    """Take the last core that may be used away for so many seconds."""
    began = time.time()
    core = max(os.sched_getaffinity(0))
    process = subprocess.Popen([sys.executable, "-c", BUSY, str(core)])
    try:
        try:
            os.setpriority(os.PRIO_PROCESS, process.pid, HIGHEST)
        except PermissionError:
            print("the busy process has no higher priority: half a core is taken", file=sys.stderr)
        time.sleep(seconds)
    finally:
        process.kill()
        process.wait()
    return began, time.time()


def facts(
    run: Path, policy: str, taken: float, window: tuple[float, float] | None, given: argparse.Namespace
) -> dict[str, Any]:
    """Figures of an episode, and its picture."""
    report = json.loads((run / "report.json").read_text())
    if report["measured_by"] != "player":
        raise RuntimeError(f"the player of {report['run']} did not report")
    events = read_events(run / "events.jsonl")
    began = first_second(run)
    within = None if window is None else (window[0] - began, window[1] - began)
    picture = given.pictures / f"adaptive-{policy}-{taken:.0f}.png"
    picture.write_bytes(draw(f"{policy}, a core taken for {taken:.0f} s" if taken else policy, events, within))
    names = ("ttff_s", "stall_s", "duration_s", "made_in_s", "quality", "top_share")
    seconds = Counter[str]()
    for shot in report["shots"]:
        seconds[shot["rung"]] += shot["seconds"]
    return {
        "policy": policy,
        "taken_s": taken if window else 0.0,
        "taken_from_to_s": within,
        **{name: report[name] for name in names},
        "shares": {name: round(one / sum(seconds.values()), 4) for name, one in seconds.most_common()},
        "rungs": [
            [shot["shot"], shot["rung"], shot["decided_at"], shot["seconds"], shot["reason"]]
            for shot in report["shots"]
        ],
        "vmaf": None if given.no_vmaf else vmaf(run, report["seed"]),
        "picture": picture.name,
    }


def first_second(run: Path) -> float:
    """When the run was asked for, in seconds since the epoch."""
    from murakkab.engine.journal import read_journal

    entry = next(read_journal(run / "journal.jsonl"))
    submitted = next(event for event in read_events(run / "events.jsonl") if event["event"] == "run.submitted")
    return entry.now - float(submitted["t"])


def vmaf(run: Path, seed: int) -> dict[str, Any] | None:
    """What was shown against the same shots on the best rung: mean, and the mean of the worst shot."""
    program = ffmpeg()
    if not program:
        print("no VMAF: pip install imageio-ffmpeg", file=sys.stderr)
        return None
    retake = Retake(run, seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shots, shown, reference = [], folder / "shown.h264", folder / "reference.h264"
        with shown.open("wb") as left, reference.open("wb") as right:
            again = retake.again(folder / "again")
            for (path, clips), (same, best) in zip(retake.shown(), again, strict=True):
                assert path == same
                left.writelines(clip.read_bytes() for clip in clips)
                right.writelines(clip.read_bytes() for clip in best)
                shots.append((path, len(clips)))
                shutil.rmtree(folder / "again" / ".".join(map(str, path)))
        found = scores(program, shown, reference, folder / "scores.json")
    lengths = [frames for _, frames in frames_of(run)]
    means, start = {}, 0
    for (path, _), length in zip(shots, lengths, strict=True):
        means[".".join(map(str, path))] = round(statistics.fmean(found[start : start + length]), 2)
        start += length
    return {"mean": round(statistics.fmean(found), 2), "worst_shot": min(means.values()), "shots": means}


def frames_of(run: Path) -> list[tuple[str, int]]:
    """Frames of every shot, in the order of the show."""
    counted: dict[str, float] = {}
    for event in read_events(run / "events.jsonl"):
        if event["event"] == "segment.published":
            counted[event["shot"]] = counted.get(event["shot"], 0.0) + event["seconds"]
    return [(shot, round(seconds * 24)) for shot, seconds in counted.items()]


if __name__ == "__main__":
    main()
