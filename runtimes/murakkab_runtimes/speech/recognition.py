"""What adapters of speech recognition share: the arguments, the two forms and the value."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from murakkab_runtimes.base import InputError, Meta, Output, Runtime, Task
from murakkab_runtimes.speech.sentences_heard import group
from murakkab_runtimes.speech.timing import Span

FORMS = ("", "sentences")


@dataclass(frozen=True)
class Segment:
    """What was heard from ``start`` to ``end`` seconds; its words only where they were asked for."""

    start: float
    end: float
    text: str
    words: tuple[Span, ...] = ()


class Recognizer(Runtime):
    """Automatic speech recognition: arguments ``audio`` (any file that FFmpeg reads) and ``form``, knob ``beam_size``.

    The value is ``{"text", "segments": [{"start", "end", "text"}]}``, times in seconds. In the form ``sentences``
    the segments are whole sentences with ``until`` beside, when the next one starts (or the sound ends); a node that
    streams emits each of them as soon as that is known.
    """

    @abstractmethod
    def listen(self, task: Task, path: Path, beams: int, words: bool) -> tuple[Iterator[Segment], float]:
        """Segments as they are decoded, with progress told between them, and the length of the sound in seconds.

        Args:
            task: that asks.
            path: an existing file.
            beams: of the search, 1 for none.
            words: whether each segment must have its words.

        Raises:
            InputError: the file is no sound.
        """

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
        return Output({"text": text, "segments": segments}, {"words": len(text.split()), **self.facts()})

    def facts(self) -> Meta:
        """What the scheduler may read beside the number of words."""
        return {}

    def _segments(self, task: Task, path: Path, beams: int) -> list[dict[str, Any]]:
        found, _ = self.listen(task, path, beams, words=False)
        return [{"start": round(s.start, 3), "end": round(s.end, 3), "text": s.text} for s in found]

    def _sentences(self, task: Task, path: Path, beams: int) -> list[dict[str, Any]]:
        """Emit sentences while the rest is listened to."""
        found, seconds = self.listen(task, path, beams, words=True)
        sentences = []
        for sentence in group((word for segment in found for word in segment.words), seconds):
            if task.streams:
                task.emit(sentence, seconds=round(sentence["end"] - sentence["start"], 3))
            sentences.append(sentence)
        return sentences


def unreadable(path: Path, fault: Exception) -> InputError:
    """The error of a file that is no sound."""
    return InputError(f"{path.name} cannot be read as sound ({fault}); give a WAV, MP3, MP4 or similar")


def share(done_s: float, of_s: float) -> float:
    """Of a sound that was listened to so far, in 0..1."""
    return min(1.0, done_s / max(of_s, math.ulp(1.0)))
