"""Mono speech samples: loudness, trimming, change of pitch, WAV files. Samples are float32 in -1..1."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

TARGET_RMS = 0.1
"""Loudness of all voices while they speak: -20 dB below full scale."""

KNEE, CEILING = 0.7, 0.97
FRAME_S = 0.01
SILENCE_DB = -38.0
"""A frame this far below the loud frames of the same speech counts as silent."""


def frame_rms(samples: Samples, rate: int) -> NDArray[np.float64]:
    """Root mean square of every whole 10 ms frame."""
    size = max(1, int(rate * FRAME_S))
    count = len(samples) // size
    frames = samples[: count * size].astype(np.float64).reshape(count, size)
    return np.asarray(np.sqrt(np.mean(frames**2, axis=1)))


def silence_level(rms: NDArray[np.float64]) -> float:
    """Level below which a frame is silent, relative to the loud tenth of the frames."""
    return float(np.quantile(rms, 0.9)) * 10 ** (SILENCE_DB / 20) if len(rms) else 0.0


def speech_bounds(samples: Samples, rate: int) -> tuple[int, int]:
    """First and one past the last sample of sound; ``(0, 0)`` where all is silent."""
    rms = frame_rms(samples, rate)
    loud = np.flatnonzero(rms > max(silence_level(rms), 1e-5))
    if not len(loud):
        return 0, 0
    size = max(1, int(rate * FRAME_S))
    return int(loud[0]) * size, min(len(samples), (int(loud[-1]) + 1) * size)


def level(samples: Samples, rate: int) -> Samples:
    """Bring the sounding frames to ``TARGET_RMS`` and bend peaks below ``CEILING`` smoothly."""
    rms = frame_rms(samples, rate)
    loud = rms[rms > silence_level(rms)]
    if not len(loud):
        return samples
    return limit(samples * np.float32(TARGET_RMS / np.sqrt(np.mean(loud**2))))


def limit(samples: Samples) -> Samples:
    """Leave samples up to ``KNEE`` alone and bend what is above towards ``CEILING``."""
    room = CEILING - KNEE
    over = np.maximum(np.abs(samples) - KNEE, 0.0)
    bent = np.sign(samples) * (KNEE + room * np.tanh(over / room))
    return np.where(over > 0, bent, samples).astype(np.float32)


def resample(samples: Samples, count: int) -> Samples:
    """Band-limited change to ``count`` samples (by Fourier transform); pitch and formants move with the length."""
    if count == len(samples) or not len(samples):
        return samples
    spectrum = np.fft.rfft(samples)
    kept = np.zeros(count // 2 + 1, np.complex128)
    shared = min(len(spectrum), len(kept))
    kept[:shared] = spectrum[:shared]
    return (np.fft.irfft(kept, count) * (count / len(samples))).astype(np.float32)


def fade_edges(samples: Samples, rate: int, seconds: float = 0.004) -> Samples:
    """Ramp both ends so that a cut makes no click."""
    count = min(int(rate * seconds), len(samples) // 2)
    faded = samples.copy()
    if count:
        ramp = np.linspace(0, 1, count, dtype=np.float32)
        faded[:count] *= ramp
        faded[-count:] *= ramp[::-1]
    return faded


def write_wav(path: Path, samples: Samples, rate: int) -> None:
    """Write 16-bit mono PCM."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def read_wav(path: Path) -> tuple[Samples, int]:
    """Samples and rate of a 16-bit PCM WAV file; several channels are averaged."""
    with wave.open(str(path), "rb") as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
        channels, rate = file.getnchannels(), file.getframerate()
    return pcm.reshape(-1, channels).mean(axis=1, dtype=np.float32), rate
