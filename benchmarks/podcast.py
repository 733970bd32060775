"""The main job, end to end: start on a warm server, start of a cold command, speed, memory, speech heard back.

    python -m benchmarks.podcast [--repeats 5] [--duration 60] [--out FILE]

Every figure is the median of ``--repeats`` runs with different topics, caches cold in the sense that no run shares an
artifact with another. First segments are fetched over HTTP as a player would; the time counts from the request.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.harness import PeakMemory, spread, wait_until, write

TOPICS = (
    "How tides work",
    "The history of coffee",
    "Why we dream",
    "How bridges carry weight",
    "The life of bees",
    "What makes bread rise",
    "How the heart beats",
    "Why the sky is blue",
)
WORD_ERROR_LIMIT = 0.08


def main() -> None:
    """Measure everything, print the table, write the JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--duration", type=int, default=60)
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="murakkab-bench-"))
    try:
        warm = list(warm_runs(folder, given.repeats, given.duration))
        cold = [cold_start(folder, TOPICS[i % len(TOPICS)], i) for i in range(given.repeats)]
        facts = summary(warm, cold)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    show(facts)
    print(f"written to {write('podcast', facts, given.out)}")


def warm_runs(folder: Path, repeats: int, duration: int) -> Iterator[dict[str, Any]]:
    """Episodes made by one warm server; one more is made first and not counted."""
    with server(folder / "warm") as (process, address), httpx.Client(base_url=address, timeout=120) as client:
        make(client, folder / "warm", "A first episode", 10, 99)
        for number in range(repeats):
            memory = PeakMemory(process.pid)
            facts = make(client, folder / "warm", TOPICS[number % len(TOPICS)], duration, number)
            yield {**facts, "peak_memory_mb": memory.stop()}


@contextmanager
def server(runs: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A ``murakkab serve`` with its workers up."""
    command = [sys.executable, "-m", "murakkab", "serve", "--port", "0", "--runs", str(runs), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        address = ""
        for line in process.stdout:
            if found := re.search(r"http://[\d.:]+", line):
                address = found[0].rstrip("/")
                break
        if not address:
            raise RuntimeError("murakkab serve did not say where it listens")
        yield process, address
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def make(client: httpx.Client, runs: Path, topic: str, duration: int, seed: int, **more: int) -> dict[str, Any]:
    """Ask for an episode, fetch its first segment as a player would, wait for its end; ``more`` inputs as they are."""
    asked = time.monotonic()
    inputs = {"topic": topic, "duration": duration, **more}
    answer = client.post("/api/runs", json={"workflow": "podcast", "inputs": inputs, "seed": seed})
    answer.raise_for_status()
    run = answer.json()["run"]
    base = f"/runs/{run}/hls"
    client.get(f"{base}/main.m3u8").raise_for_status()
    listed: list[str] = []

    def has_segment() -> bool:
        listed[:] = re.findall(r"^(\S+\.m4s)$", client.get(f"{base}/video.m3u8").text, re.MULTILINE)
        return bool(listed)

    wait_until(has_segment, 60)
    for name in ("init.mp4", listed[0]):
        client.get(f"{base}/{name}").raise_for_status()
    playable = time.monotonic() - asked
    wait_until(lambda: (runs / run / "report.json").exists(), 600, 0.1)
    report = json.loads((runs / run / "report.json").read_text())
    if report["status"] != "succeeded":
        raise RuntimeError(f"{run}: {report['error']}")
    first = report["segments"][0]
    return {
        "run": run,
        "topic": topic,
        "first_segment_s": playable,
        "first_word_s": playable + report["first_speech_s"] - report["ttff_s"],
        "duration_s": report["duration_s"],
        "made_in_s": report["made_in_s"],
        "speed": report["duration_s"] / report["made_in_s"],
        "stall_s": report["stall_s"],
        "share_at_start": first["seconds"] / report["duration_s"],
        "word_error_rate": word_errors(runs / run, report["turns"]),
        "sound_lag_ms": sound_lag_ms(runs / run / "episode.mp4"),
        "work_s": {entry["node"]: entry["seconds"] for entry in report["work"]},
    }


def cold_start(folder: Path, topic: str, seed: int) -> float:
    """Seconds from the start of the command to its first playable segment."""
    command = [
        sys.executable, "-m", "murakkab", "run", "podcast", "--topic", topic, "--duration", "10", "--seed", str(seed),
        "--json", "--no-browser", "--runs", str(folder / "cold"),
    ]  # fmt: skip
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert process.stdout is not None
    first = None
    for line in process.stdout:
        if first is None and json.loads(line)["event"] == "run.first_segment":
            first = time.monotonic() - began
    if process.wait() or first is None:
        raise RuntimeError(f"{' '.join(command)} failed")
    return first


def word_errors(run: Path, turns: list[dict[str, Any]]) -> float:
    """Word error rate of the episode's sound, heard by Whisper, against its script."""
    from murakkab_runtimes.base import Task, runtime_class
    from murakkab_runtimes.catalog import load_catalog
    from murakkab_runtimes.speech.word_errors import word_error_rate

    card = load_catalog()["whisper"]
    whisper = runtime_class(card.adapter)(card, 2)
    with tempfile.TemporaryDirectory() as scratch:
        heard = whisper.run(Task({"audio": run / "episode.mp3"}, Path(scratch), threads=2))
    text = getattr(heard, "value", heard)["text"]
    return word_error_rate([(" ".join(turn["text"] for turn in turns), text)])


def sound_lag_ms(video: Path) -> float:
    """Distance of the first video frame and the first sound sample in the finished MP4, in milliseconds."""
    import av

    with av.open(str(video)) as container:
        starts = [
            next(frame.time for frame in container.decode(stream) if frame.time is not None)
            for stream in (container.streams.video[0],)
        ]
    with av.open(str(video)) as container:
        starts.append(
            next(frame.time for frame in container.decode(container.streams.audio[0]) if frame.time is not None)
        )
    return 1000 * abs(starts[0] - max(starts[1], 0.0))


def summary(warm: list[dict[str, Any]], cold: list[float]) -> dict[str, Any]:
    """Medians and spreads of all figures."""
    names = [name for name, value in warm[0].items() if isinstance(value, float)]
    return {
        "warm": {name: spread([run[name] for run in warm]) for name in names},
        "cold_first_segment_s": spread(cold),
        "work_s": {node: spread([run["work_s"][node] for run in warm])["median"] for node in warm[0]["work_s"]},
        "topics": [run["topic"] for run in warm],
    }


GOALS = (
    ("Warm server: request to first segment", "first_segment_s", "<= 1.0 s", 1.0, 1),
    ("Warm server: request to first spoken word", "first_word_s", "<= 1.5 s", 1.5, 1),
    ("Speed against real time", "speed", ">= 2", 2.0, -1),
    ("Share of the episode that exists at the start", "share_at_start", "< 0.05", 0.05, 1),
    ("Stall (playback clock), s", "stall_s", "0", 0.0, 1),
    ("Word error rate heard by Whisper", "word_error_rate", "<= 0.08", WORD_ERROR_LIMIT, 1),
    ("Start of picture and sound apart, ms", "sound_lag_ms", "<= 40", 40.0, 1),
    ("Peak memory (PSS of all our processes), MiB", "peak_memory_mb", "< 3072", 3072.0, 1),
)


def show(facts: dict[str, Any]) -> None:
    """Print the table."""
    rows = [(label, facts["warm"][name], goal, limit, sign) for label, name, goal, limit, sign in GOALS]
    rows.insert(2, ("Cold command: first segment", facts["cold_first_segment_s"], "<= 4.0 s", 4.0, 1))
    print(f"{'figure':50} {'median':>9} {'min':>9} {'max':>9}  {'goal':9} met")
    for label, figure, goal, limit, sign in rows:
        met = "yes" if sign * figure["median"] <= sign * limit else "NO"
        print(f"{label:50} {figure['median']:9.3f} {figure['min']:9.3f} {figure['max']:9.3f}  {goal:9} {met}")
    print("seconds of work by node: " + ", ".join(f"{node} {seconds:.2f}" for node, seconds in facts["work_s"].items()))


if __name__ == "__main__":
    main()
