"""Adapter ``atempo``: speech made faster or slower at its own pitch, so that it fits the time there is for it.

The change of tempo is FFmpeg's filter ``atempo`` (overlap-add of similar waves), which comes with PyAV.
"""

from __future__ import annotations

from typing import Any

import av
import msgspec
import numpy as np

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.speech import audio
from murakkab_runtimes.speech.audio import Samples

GAP_S = 0.12
"""Silence between two sentences, at least."""

TEMPI = (0.5, 2.0)
"""Limits of the knobs."""


class Slot(msgspec.Struct, frozen=True):
    """When a sentence was said, and until when it may last: seconds."""

    start: float
    end: float
    until: float


class Fit(Runtime):
    """Places one spoken sentence in its slot.

    Arguments: ``speech`` (the value of text-to-speech) and ``slot`` (``start``, ``end``, ``until``). Sentences of an
    ordered join never overlap: one that is late pushes the next, which then has less time and is spoken faster. Knobs
    ``slowest`` and ``fastest`` bound the change of tempo.

    The value is ``{"audio", "start", "end", "slot", "tempo", "inside", "late_ms", "words"}``; ``inside`` says whether
    the speech ends before the slot does, ``late_ms`` how much later it starts than what it stands for.
    """

    def run(self, task: Task) -> Output:
        """Fit one sentence."""
        speech, slot = task.arguments.get("speech"), _slot(task)
        if not isinstance(speech, dict) or "audio" not in speech:
            raise InputError("there is nothing to fit; give the argument 'speech' the value of a text-to-speech node")
        samples, rate = audio.read_wav(speech["audio"])
        first, last = audio.speech_bounds(samples, rate)
        start = max(slot.start, task.previous["end"] + GAP_S if task.previous else 0.0)
        tempo = choose((last - first) / rate, slot, start, *_limits(task))
        fitted = audio.fade_edges(stretch(samples[first:last], rate, tempo), rate)
        path = task.scratch / "fitted.wav"
        audio.write_wav(path, fitted, rate)
        end = start + len(fitted) / rate
        return Output(
            {
                "audio": path,
                "start": round(start, 4),
                "end": round(end, 4),
                "slot": msgspec.to_builtins(slot),
                "tempo": round(tempo, 3),
                "inside": end <= slot.until,
                "late_ms": round(1000 * (start - slot.start)),
                "words": [_moved(word, first / rate, tempo, start) for word in speech.get("words") or ()],
            },
            {"seconds": round(end - start, 3)},
        )


def choose(seconds: float, slot: Slot, start: float, slowest: float, fastest: float) -> float:
    """The tempo at which ``seconds`` of speech, begun at ``start``, keep in step with the slot.

    What is shorter than the original is spoken slower, until it lasts as long; what is longer takes the free time
    behind the original before it is spoken faster.
    """
    original, room = slot.end - start, slot.until - GAP_S - start
    if 0 < seconds <= original:
        return max(slowest, seconds / original)
    return min(fastest, max(1.0, seconds / max(room, 0.1)))


def stretch(samples: Samples, rate: int, tempo: float) -> Samples:
    """Change the tempo and keep the pitch; 2 is twice as fast. The length is ``len(samples) / tempo``."""
    if tempo == 1.0 or not len(samples):
        return samples
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate, format="flt", layout="mono")
    graph.link_nodes(source, graph.add("atempo", f"{tempo:.6f}"), graph.add("abuffersink")).configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None], np.float32), "flt", "mono")
    frame.sample_rate, frame.pts = rate, 0
    graph.push(frame)
    graph.push(None)
    found = np.concatenate([*_pulled(graph), np.zeros(1, np.float32)])
    count = round(len(samples) / tempo)
    return np.pad(found, (0, max(0, count - len(found))))[:count].astype(np.float32)


def _pulled(graph: Any) -> list[Samples]:  # noqa: ANN401 - a class without types
    pieces = []
    while True:
        try:
            pieces.append(graph.pull().to_ndarray().reshape(-1))
        except (av.EOFError, av.BlockingIOError):
            return pieces


def _slot(task: Task) -> Slot:
    try:
        slot = msgspec.convert(task.arguments.get("slot"), Slot)
    except msgspec.ValidationError as fault:
        raise InputError(f"the argument 'slot' needs start, end and until in seconds: {fault}") from None
    if not 0 <= slot.start <= slot.end <= slot.until:
        raise InputError(f"a slot must run forwards, and this one does not: {slot}")
    return slot


def _limits(task: Task) -> tuple[float, float]:
    slowest, fastest = task.knobs.get("slowest", 0.9), task.knobs.get("fastest", 1.25)
    if not TEMPI[0] <= slowest <= 1 <= fastest <= TEMPI[1]:
        raise InputError(f"the knobs are slowest={slowest}, fastest={fastest}; write {TEMPI[0]}..1 and 1..{TEMPI[1]}")
    return slowest, fastest


def _moved(word: dict[str, Any], first: float, tempo: float, start: float) -> dict[str, Any]:
    begin, end = (round(max(0.0, word[edge] - first) / tempo + start, 4) for edge in ("start", "end"))
    return {"text": word["text"], "start": begin, "end": end}
