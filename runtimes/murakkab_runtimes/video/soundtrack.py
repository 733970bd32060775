"""The sound of one turn: voice and music on one continuous 48 kHz stereo mix."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from murakkab_runtimes.base import InputError
from murakkab_runtimes.media.audio import Pcm, read_wav
from murakkab_runtimes.media.codecs import RATE

Signal = NDArray[np.float32]

UNDER_VOICE, FADE_S = 0.16, 0.02


def read_voice(path: Path) -> Signal:
    """Samples of a mono or stereo 16-bit WAV at 48 kHz mono, -1..1.

    Raises:
        InputError: it is no such file.
    """
    try:
        with wave.open(str(path), "rb") as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError, OSError) as fault:
        raise InputError(f"the speech {path.name} is no WAV file: {fault}") from None
    if width != 2 or channels not in (1, 2) or rate < 4000:
        raise InputError(f"the speech {path.name} must be 16-bit mono PCM of at least 4000 Hz")
    samples = np.frombuffer(data, np.int16).reshape(-1, channels).mean(axis=1).astype(np.float32) / 32768
    return resample(samples, rate)


def resample(samples: Signal, rate: int) -> Signal:
    """Bring mono samples from ``rate`` to 48 kHz; the length is exact."""
    wanted = round(len(samples) * RATE / rate)
    if rate == RATE or not len(samples):
        return samples
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="flt", layout="mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    parts = [f.to_ndarray()[0] for f in [*resampler.resample(frame), *resampler.resample(None)]]
    out = np.concatenate(parts)[:wanted]
    return np.pad(out, (0, wanted - len(out)))


def mix(
    voice: Signal, start: float, seconds: float, pan: float, intro: Path | None, outro: tuple[Path, float] | None
) -> Pcm:
    """Lay the voice and the music on a track of ``seconds``.

    Args:
        voice: mono samples at 48 kHz.
        start: seconds at which the voice starts.
        seconds: length of the track.
        pan: of the voice, -1 left to 1 right.
        intro: music from the start on, lowered under the voice.
        outro: music and the second at which it starts.

    Returns:
        Samples x 2.
    """
    track = np.zeros((round(seconds * RATE), 2), np.float32)
    angle = (1 + 0.25 * pan) * np.pi / 4
    stereo = voice[:, None] * (np.float32(2**0.5) * np.array([np.cos(angle), np.sin(angle)], np.float32))
    _add(track, stereo, round(start * RATE))
    if intro is not None:
        _add(track, _ducked(read_wav(intro), start), 0)
    if outro is not None:
        _add(track, _faded(read_wav(outro[0]), len(track) - round(outro[1] * RATE)), round(outro[1] * RATE))
    return (np.clip(track, -1, 1) * 32767).astype(np.int16)


def loudness(track: Signal, rate: float, count: int, offset: float) -> NDArray[np.float64]:
    """Loudness of mono samples in 0..1 in ``count`` windows of 1/``rate`` s, the first at ``-offset`` seconds.

    1 is the loudness that a twentieth of the spoken windows pass.
    """
    edges = np.round((np.arange(count + 1) / rate - offset) * RATE).astype(int)
    power = np.concatenate([[0.0], np.cumsum(track.astype(np.float64) ** 2)])
    place = np.clip(edges, 0, len(track))
    rms = np.sqrt(np.diff(power[place]) / max(1.0, RATE / rate))
    spoken = rms[rms > 1e-4]
    top = float(np.quantile(spoken, 0.95)) if len(spoken) else 1.0
    level: NDArray[np.float64] = np.clip(rms / top, 0.0, 1.0) ** 0.7
    return level


def _add(track: Signal, piece: Signal, at: int) -> None:
    end = min(len(track), at + len(piece))
    if end > at:
        track[at:end] += piece[: end - at]


def _ducked(pcm: Pcm, start: float) -> Signal:
    """Music at full level until the voice starts, lowered below it, gone at its end."""
    time = np.arange(len(pcm), dtype=np.float32) / RATE
    level = np.interp(time, [0, max(start - 0.05, 0.01), start + 0.25], [0.7, 0.7, UNDER_VOICE])
    tail = np.clip((time[-1] - time) / 0.8, 0, 1) if len(time) else time
    return _scaled(pcm, level * tail)


def _faded(pcm: Pcm, room: int) -> Signal:
    """Music that ends with the track."""
    length = min(len(pcm), room)
    if length <= 0:
        return np.zeros((0, 2), np.float32)
    place = np.arange(length, dtype=np.float32)
    level = np.clip(place / (FADE_S * RATE), 0, 1) * np.clip((length - place) / (0.6 * RATE), 0, 1)
    return _scaled(pcm[:length], 0.8 * level)


def _scaled(pcm: Pcm, level: NDArray[np.floating[Any]]) -> Signal:
    return np.asarray(pcm * (level[:, None] / 32768), np.float32)
