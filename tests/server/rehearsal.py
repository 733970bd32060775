"""An engine for tests of the server and the page: its show is test pictures and tones, made at a chosen pace.

Store, feed, checks of inputs, packaging and playlists are the real ones; what stands in are the models and the workers.
"""

from __future__ import annotations

import asyncio
import shutil
import time
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from murakkab.engine import RunRecord, RunStore, UserError
from murakkab.engine.feed import RunFeed, read_events
from murakkab.engine.journal import Journal
from murakkab.language import Workflow, check_inputs, compile_graph
from murakkab_optimizer.catalog import ModelCard
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.scheduler.events import RunSubmitted
from murakkab_runtimes.base import Task
from murakkab_runtimes.media.fmp4 import Fmp4
from murakkab_runtimes.media.hls import HlsWriter
from murakkab_runtimes.media.video import encode_clip

WIDTH, HEIGHT, FPS, RATE = 640, 360, 24, 48000
SPEECH_FROM = 0.25
"""Where in the episode the first word is spoken, in seconds."""

TURNS = (
    ("Mona", "Why do cats purr? Welcome to today's episode.", (0.5, 0.5, 0.5), None),
    ("Adam", "They purr with the larynx, 25 times a second.", (1.0,), "Cats purr at 25 Hz."),
    ("Mona", "مرحبا! They do it when they are content 😺, but also when they are hurt.", (1.0,), None),
    ("Adam", "<b>So a purr is a way to heal</b>, or to ask for company.", (0.5, 1.0), None),
    ("Mona", "Thank you for listening.", (1.0,), None),
)
"""Speaker, text, seconds of each segment, source."""

CHAPTERS = ("Why they purr", "What it is good for", "Goodbye")
"""One for each two turns."""

NODES = (
    ("outline", "smollm2", None, True),
    ("script", "smollm2", "outline", True),
    ("scene", "drawn-scene", "outline", False),
    ("speech", "hibari-joe", "script", False),
    ("hosts", "rig", "script", True),
    ("package", "fmp4", "hosts", False),
)


NEWS = "no worker has <i>hibari-joe</i> any more"
"""Why the plan changes."""

FIGURES = (
    "ttff_s",
    "first_content_s",
    "first_speech_s",
    "stall_s",
    "measured_by",
    "duration_s",
    "made_in_s",
    "quality",
)


@dataclass
class _Live:
    feed: RunFeed
    lock: TextIO
    record: RunRecord
    making: asyncio.Task[None] | None = None


class Rehearsal:
    """Fits the engine's public door.

    Args:
        root: folder of the runs.
        scratch: folder for what is prepared once.
        lead_s: seconds from the request to the first segment.
        pace: seconds of making for a second of show.

    Attributes:
        pause_s: seconds for which nothing is made before the last turn.

    """

    def __init__(self, root: Path, scratch: Path, *, lead_s: float = 0.3, pace: float = 0.5) -> None:
        self.store = RunStore(root)
        self.scratch = scratch
        self.lead_s, self.pace, self.pause_s = lead_s, pace, 0.0
        self.reports: list[dict[str, Any]] = []
        self.inputs: dict[str, Any] = {}
        self.received: dict[str, bytes] = {}
        self._live: dict[str, _Live] = {}

    async def submit(
        self, workflow: Workflow, inputs: dict[str, Any], *, seed: int | None = None, requested_at: float | None = None
    ) -> str:
        self.inputs = check_inputs(workflow, inputs)
        self.received = {k: Path(v).read_bytes() for k, v in inputs.items() if isinstance(v, str) and v.startswith("/")}
        record = RunRecord(
            run=self.store.new_id(workflow.name),
            workflow=workflow.name,
            created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            title=str(self.inputs.get("topic") or workflow.name),
            inputs=self.inputs,
            seed=seed or 0,
        )
        folder = self.store.create(record)
        journal = Journal(folder / "journal.jsonl")
        journal.event(RunSubmitted(record.run, compile_graph(workflow, self.inputs), Plan({})), time.time())
        journal.close()
        feed = RunFeed(folder / "events.jsonl", record.run, requested_at or time.time())
        live = self._live[record.run] = _Live(feed, self.store.lock(record.run), record)
        live.making = asyncio.create_task(self._make(live, folder))
        return record.run

    async def events(self, run: str, after: int = 0) -> AsyncIterator[dict[str, Any]]:
        if run in self._live:
            async for event in self._live[run].feed.read(after):
                yield event
            return
        for event in read_events(self.store.folder(run) / "events.jsonl")[after:]:
            yield event

    async def cancel(self, run: str) -> None:
        self.store.folder(run)
        if run in self._live:
            self._end(self._live.pop(run), "cancelled")

    async def resume(self, run: str) -> str:
        """Make the show again from its beginning; only its events go on."""
        record = self.store.record(run)
        record.status = "running"
        self.store.save(record)
        folder = self.store.folder(run)
        shutil.rmtree(folder / "hls", ignore_errors=True)
        live = self._live[run] = _Live(RunFeed(folder / "events.jsonl", run, time.time()), self.store.lock(run), record)
        live.making = asyncio.create_task(self._make(live, folder, "run.resumed"))
        return run

    async def close(self) -> None:
        for run in list(self._live):
            await self.cancel(run)

    async def playback(self, run: str, report: dict[str, Any]) -> None:
        if "position_s" not in report:
            raise UserError("the player's report is wrong", "Send position_s.")
        self.reports.append(report)
        if run in self._live:
            names = ("position_s", "ttff_s", "first_content_s", "first_speech_s", "stall_s")
            facts = {name: report.get(name) for name in names}
            self._live[run].feed.send("playback.moved", time.time(), **facts)

    async def _make(self, live: _Live, folder: Path, opening: str = "run.submitted") -> None:
        self._plan(live, opening)
        writer = HlsWriter(folder / "hls", WIDTH, HEIGHT, FPS)
        packages = await asyncio.to_thread(make_packages, self.scratch)
        await asyncio.sleep(max(0.0, live.feed.began + self.lead_s - time.time()))
        index = 0
        for number, (speaker, text, seconds, source) in enumerate(TURNS):
            await asyncio.sleep(self.pause_s if number == len(TURNS) - 1 else 0.0)
            path = (number // 2, number % 2)
            passage = source and {"id": number, "page": 3, "text": source}
            live.feed.send("turn.written", time.time(), path=path, speaker=speaker, text=text, passage=passage)
            for node in ("speech", "hosts"):
                self._started(live, node, path)
            for part, length in enumerate(seconds):
                value = packages[index]
                writer.append(value["segment"], value["init"], value["seconds"], value["captions"], index=index)
                self._finished(live, "package", (*path, part), 0.02)
                facts = {"index": index, "start": value["start"], "seconds": value["seconds"]}
                facts["chapter"] = CHAPTERS[path[0]] if path[1] == part == 0 else None
                live.feed.send("segment.published", time.time(), **facts, shot=".".join(map(str, path)))
                index += 1
                await asyncio.sleep(length * self.pace)
            for node in ("speech", "hosts"):
                self._finished(live, node, path, 0.3)
        writer.finish()
        init = packages[0]["init"].read_bytes()
        (folder / "episode.mp4").write_bytes(init + b"".join(p["segment"].read_bytes() for p in packages))
        (folder / "transcript.txt").write_text("\n".join(text for _, text, _, _ in TURNS))
        self._end(self._live.pop(live.record.run), "succeeded")

    def _plan(self, live: _Live, opening: str) -> None:
        now, record = time.time(), live.record
        facts = {"workflow": record.workflow, "title": record.title, "inputs": record.inputs, "seed": record.seed}
        live.feed.send(opening, now, **facts)
        nodes = [
            {
                "node": node,
                "capability": node,
                "model": model,
                "description": f"stands in for {model}",
                "knobs": {"quality": 0.5},
                "threads": 1,
                "drawn": node in ("scene", "hosts"),
                "reason": "the best that meets the promise",
                "alternatives": [{"model": "other", "why_not": "too slow"}],
                "for_each": for_each,
                "streams": streams,
                "needs": [for_each] if for_each else [],
            }
            for node, model, for_each, streams in NODES
        ]
        live.feed.send("run.planned", now, nodes=nodes, promises={"ttff_s": 1.0, "realtime": True})
        changed = [{**node, "model": "other"} if node["node"] == "speech" else node for node in nodes]
        speech = next(node["model"] for node in nodes if node["node"] == "speech")
        changes = [{"node": "speech", "before": speech, "after": "other"}]
        live.feed.send("run.replanned", time.time(), reason=NEWS, changes=changes, nodes=changed)
        live.feed.send("run.waiting", time.time(), reason=NEWS, nodes=["speech"])
        for node in ("outline", "script"):
            self._started(live, node, () if node == "outline" else (0,))

    def _started(self, live: _Live, node: str, path: tuple[int, ...]) -> None:
        live.feed.send("task.started", time.time(), node=node, path=path, model=node, attempt=1)

    def _finished(self, live: _Live, node: str, path: tuple[int, ...], seconds: float) -> None:
        live.feed.send("task.finished", time.time(), node=node, path=path, seconds=seconds, meta={})

    def _end(self, live: _Live, status: str) -> None:
        if live.making is not None and status != "succeeded":
            live.making.cancel()
        live.record.status = status
        live.record.made_in_s = time.time() - live.feed.began
        self.store.save(live.record)
        figures = {name: getattr(live.record, name) for name in FIGURES}
        left = {"video": None, "playlist": None, "outputs": {}, "report": "", "missed": [], "drift": []}
        live.feed.send("run.finished", time.time(), status=status, error="", **figures, **left)
        live.feed.close()
        live.lock.close()


@cache
def make_packages(scratch: Path) -> list[dict[str, Any]]:
    """The segments of the whole show, in order."""
    card = ModelCard(name="fmp4", capability="video-packaging", adapter="fmp4", description="", licence="", source="")
    runtime, values, previous = Fmp4(card, threads=1), [], None
    parts = [(turn, i, seconds) for turn, (_, _, lengths, _) in enumerate(TURNS) for i, seconds in enumerate(lengths)]
    for number, (turn, part, seconds) in enumerate(parts):
        folder = scratch / str(number)
        folder.mkdir(parents=True)
        clip = make_clip(folder, number, turn, part, seconds) | {"end": number == len(parts) - 1}
        previous = runtime.run(Task(arguments={"clip": clip}, scratch=folder, previous=previous)).value
        values.append(previous)
    return values


def make_clip(folder: Path, number: int, turn: int, part: int, seconds: float) -> dict[str, Any]:
    """A clip with a moving bar, a tone and, where a turn begins, its caption."""
    speaker, text, lengths, _ = TURNS[turn]
    frames = round(seconds * FPS)
    video, audio = folder / "clip.h264", folder / "clip.wav"
    pictures = (test_picture(number, frame) for frame in range(frames))
    encode_clip(video, pictures, WIDTH, HEIGHT, FPS, preset="ultrafast", layout="rgb24")
    write_tone(audio, frames * RATE // FPS, 220 + 40 * turn)
    start = SPEECH_FROM if number == 0 else 0.0
    cue = {"start": start, "end": sum(lengths), "text": text, "speaker": speaker}
    size = {"frames": frames, "fps": FPS, "width": WIDTH, "height": HEIGHT}
    return {"video": video, "audio": audio, "cues": [] if part else [cue], "chapter": None, "turn": str(turn), **size}


def test_picture(number: int, frame: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Height x width x 3: a gradient whose colour tells the clip, and a bar that moves with the frame."""
    rows = np.linspace(60, 200, HEIGHT, dtype=int)[:, None, None] + 37 * number * np.array([1, 2, 3])
    picture = np.broadcast_to(rows % 200, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    left = (frame * 12) % (WIDTH - 40)
    picture[150:210, left : left + 40] = 255
    return picture


def write_tone(path: Path, samples: int, hertz: float) -> None:
    """A quiet stereo tone, 48 kHz."""
    tone = 3000 * np.sin(2 * np.pi * hertz * np.arange(samples) / RATE)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(np.repeat(tone.astype(np.int16), 2).tobytes())
