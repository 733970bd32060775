"""Adapter ``demux``: the sound of a video as a WAV file."""

from __future__ import annotations

import wave

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.media.track import length, opened, samples

RATE = 16_000
"""Samples a second: what speech recognition listens to."""


class Demux(Runtime):
    """Takes the sound out of ``file``; with ``silent`` true, a video without sound gives silence of its length.

    The value is ``{"audio": wav (16 kHz, mono), "rate", "seconds", "silent"}``; the sound begins with the picture.
    """

    def run(self, task: Task) -> Output:
        """Write the sound track down.

        Raises:
            InputError: the file is no video, or has no sound where sound is needed.
        """
        path, wav = task.arguments.get("file"), task.scratch / "sound.wav"
        with opened(path) as file:
            silent, seconds = not file.streams.audio, length(file)
            if silent and not task.arguments.get("silent"):
                raise InputError(f"{path.name if path else path} has no sound; give a video in which somebody speaks")
            with wave.open(str(wav), "wb") as sound:
                sound.setnchannels(1)
                sound.setsampwidth(2)
                sound.setframerate(RATE)
                for piece in samples(file, RATE, 1):
                    sound.writeframesraw(piece.tobytes())
                    task.progress(min(1.0, sound.tell() / RATE / max(seconds, 0.1)))
                if silent:
                    sound.writeframes(bytes(2 * round(seconds * RATE)))
        return Output(
            {"audio": wav, "rate": RATE, "seconds": round(seconds, 3), "silent": silent}, {"seconds": seconds}
        )
