"""A podcast that another process makes on a cluster, followed in its feed: is it whole, was anything made twice."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

LIMIT_S = 900.0


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
        return float(sum(segment["seconds"] for _, segment in self._segments))

    @property
    def goes_on(self) -> bool:
        """Whether the engine is still at it."""
        ended = self._engine is None or self._engine.poll() is not None
        return not ended and not any(event["event"] == "run.finished" for event in self._events)

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
