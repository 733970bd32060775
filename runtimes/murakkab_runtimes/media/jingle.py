"""The adapter ``jingle``: a short piece of music for the start and the end of an episode, synthesised by a program.

Plucked strings play an arpeggio over a soft pad, with a shaker and a low drum, in a room (convolution with decaying
noise). Key, chords, pattern and timbre come from the seed. All is computed at half the sampling rate, as nothing in it
is above 12 kHz, and the room's inverse Fourier transform brings it to the full rate.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from murakkab_runtimes.base import Output, Runtime, Task
from murakkab_runtimes.media.audio import write_wav
from murakkab_runtimes.media.codecs import RATE

INTRO_S, OUTRO_S = 3.0, 4.0
PEAK = 10 ** (-7 / 20)
"""Loudest sample: -7 dBFS."""

Signal = NDArray[np.float32]

_SCALE = (0, 2, 4, 5, 7, 9, 11)  # major, in semitones
_INTROS = ((0, 4, 5, 3, 0), (0, 3, 4, 4, 0), (5, 3, 0, 4, 0), (0, 5, 3, 4, 0))  # scale degrees of the chords
_OUTROS = ((3, 4, 5, 4, 0), (5, 3, 4, 4, 0), (1, 4, 5, 3, 0))
_PATTERNS = ((0, 1, 2, 3), (0, 2, 1, 3), (2, 0, 1, 3), (0, 2, 3, 1))
_RATE = RATE // 2
_BLOCK = 128


class Jingle(Runtime):
    """Makes ``intro`` (3 s) and ``outro`` (4 s), 48 kHz stereo WAV files; equal seeds and topics give equal music.

    Optional argument: ``topic``, a text that varies the music.
    """

    def run(self, task: Task) -> Output:
        """Synthesise both pieces."""
        topic = zlib.crc32(str(task.arguments.get("topic") or "").encode())
        room = _room(np.random.default_rng([task.seed, topic, 2]))
        files = {name: task.scratch / f"{name}.wav" for name in ("intro", "outro")}
        for (name, path), seconds in zip(files.items(), (INTRO_S, OUTRO_S), strict=True):
            write_wav(path, compose(name, seconds, [task.seed, topic], room))
        return Output({**files, "drawn": True}, {"seconds": INTRO_S + OUTRO_S})


def compose(kind: str, seconds: float, seed: Sequence[int], room: NDArray[np.complex64]) -> NDArray[np.int16]:
    """One piece as samples x 2, full scale 32767; ``room`` is the spectrum of the reverberation."""
    shared, own = np.random.default_rng([*seed, 0]), np.random.default_rng([*seed, 1, kind == "outro"])
    root = 50 + int(shared.integers(0, 8))  # MIDI note of the key: D3 to A3
    brightness = float(shared.uniform(0.55, 0.8))
    chords = _pick(own, _INTROS if kind == "intro" else _OUTROS)
    pattern = _pick(shared, _PATTERNS)
    dry = np.zeros((2, round(seconds * _RATE)), np.float32)
    beat = seconds / (len(chords) + 2.5)  # the last chord rings
    for index, degree in enumerate(chords):
        last = index == len(chords) - 1
        _play_chord(dry, root, degree, index * beat, beat, pattern, brightness, last=last)
        _drum(dry, index * beat, last)
        for half in (0.5, 1.0):
            _shaker(dry, own, (index + half) * beat, 0.02 if last else 0.035)
    return _finish(_reverberate(dry, room))


def _play_chord(
    out: Signal, root: int, degree: int, start: float, beat: float, pattern: Sequence[int], bright: float, *, last: bool
) -> None:
    notes = [_pitch(root, degree + step) for step in (0, 2, 4, 7)]
    for place, voice in enumerate(pattern):
        pan = 0.3 + 0.4 * voice / 3
        step = 0.06 if last else beat / 4
        _mix(out, _pluck(notes[voice] * 2, 2.2 if last else 1.1, bright), start + place * step, 0.22, pan)
    for place, note in enumerate(notes[:3]):
        _mix(out, _pad(note, beat * (3.2 if last else 1.25)), start, 0.10, 0.25 + 0.25 * place)
    _mix(out, _pluck(notes[0] / 2, 1.6, 0.35), start, 0.30, 0.5)


def _pitch(root: int, degree: int) -> float:
    """Frequency in Hz of a degree of the major scale above the MIDI note ``root``."""
    octave, step = divmod(degree, len(_SCALE))
    return float(440 * 2 ** ((root + 12 * octave + _SCALE[step] - 69) / 12))


def _partials(rates: NDArray[np.complex128], weights: NDArray[np.float64], seconds: float) -> Signal:
    """The sum of ``weights * exp(rates * t)``, imaginary part.

    The exponential of a time that is a block plus a place in it is a product, so the sum is one matrix product.
    """
    count = -(-round(seconds * _RATE) // _BLOCK)
    blocks = np.exp(np.outer(np.arange(count) * (_BLOCK / _RATE), rates)) * weights
    places = np.exp(np.outer(rates, np.arange(_BLOCK) / _RATE))
    left = np.concatenate([blocks.imag, blocks.real], 1).astype(np.float32)
    right = np.concatenate([places.real, places.imag]).astype(np.float32)
    return np.asarray((left @ right).reshape(-1), np.float32)


def _pluck(frequency: float, seconds: float, brightness: float) -> Signal:
    """A plucked string: higher partials are weaker, slightly sharp, and die sooner."""
    number = np.arange(1, max(2, min(14, int(9000 / frequency)) + 1))
    stretched = frequency * number * np.sqrt(1 + 0.0002 * number**2)
    rates = -(2.2 + 0.9 * number + frequency / 500) * (2.0 / max(seconds, 0.5)) + 2j * np.pi * stretched
    weights = brightness ** (number - 1) * np.abs(np.sin(np.pi * number * 0.23))
    return _edges(_partials(rates, weights, seconds), 0.002, 0.05)


def _pad(frequency: float, seconds: float) -> Signal:
    """Slightly detuned pairs of a few partials, with a slow start and end."""
    number = np.repeat([1.0, 2.0, 3.0], 2) * np.tile([0.9975, 1.0025], 3)
    signal = _partials(2j * np.pi * frequency * number, np.repeat([0.5, 0.18, 0.08], 2), seconds)
    return _edges(signal, 0.3 * seconds, 0.45 * seconds)


def _drum(out: Signal, start: float, last: bool) -> None:
    time = np.arange(round(0.22 * _RATE), dtype=np.float32) / _RATE
    tone = np.sin(2 * np.pi * (52 * time + 2.2 * (1 - np.exp(-time * 38)))) * np.exp(-time * 16)
    _mix(out, _edges(tone.astype(np.float32), 0.002, 0.03), start, 0.32 if last else 0.24, 0.5)


def _shaker(out: Signal, random: np.random.Generator, start: float, level: float) -> None:
    noise = np.diff(random.standard_normal(round(0.07 * _RATE) + 1, np.float32))
    decay = np.exp(-np.arange(len(noise), dtype=np.float32) / (0.014 * _RATE))
    _mix(out, _edges(noise * decay, 0.004, 0.02), start, level, float(random.uniform(0.35, 0.65)))


def _room(random: np.random.Generator) -> NDArray[np.complex64]:
    """Spectrum of 0.8 s of decaying noise, two channels; long enough for the longest piece."""
    length = round(0.8 * _RATE)
    noise: Signal = random.standard_normal((2, length), np.float32)
    noise += np.roll(noise, 1, 1)
    noise *= np.exp(-np.arange(length, dtype=np.float32) / (0.17 * _RATE))
    noise[:, : round(0.012 * _RATE)] = 0
    noise /= np.sqrt((noise**2).sum(1, keepdims=True))
    return np.asarray(np.fft.rfft(noise, _transform_size()), np.complex64)


def _transform_size() -> int:
    return round((max(INTRO_S, OUTRO_S) + 1) * _RATE)


def _reverberate(dry: Signal, room: NDArray[np.complex64]) -> Signal:
    """The signal in the room, at the full sampling rate."""
    size = _transform_size()
    spectrum = np.fft.rfft(dry, size)
    spectrum += 0.45 * room * spectrum.mean(0)
    spectrum[:, -1] = 0
    return np.asarray(np.fft.irfft(spectrum, 2 * size)[:, : 2 * dry.shape[1]], np.float32)


def _finish(signal: Signal) -> NDArray[np.int16]:
    """Centred, faded at both ends, and scaled to ``PEAK``."""
    signal = _edges(signal - signal.mean(1, keepdims=True), 0.008, 1.2)  # at the full rate: half as long
    signal *= PEAK / np.abs(signal).max()
    return np.asarray(np.round(signal.T * 32767), np.int16)


def _edges(signal: Signal, fade_in: float, fade_out: float) -> Signal:
    """Raised-cosine fades in place, in seconds of the half rate."""
    for seconds, part in ((fade_in, signal), (fade_out, signal[..., ::-1])):
        count = min(round(seconds * _RATE), signal.shape[-1])
        part[..., :count] *= np.asarray(0.5 - 0.5 * np.cos(np.linspace(0, np.pi, count)), np.float32)
    return signal


def _mix(out: Signal, signal: Signal, start: float, level: float, pan: float) -> None:
    """Add ``signal`` at ``start`` seconds; ``pan`` 0 is left, 1 is right, at constant power."""
    at = round(start * _RATE)
    part = signal[: max(0, out.shape[1] - at)] * np.float32(level)
    angle = pan * np.pi / 2
    out[0, at : at + len(part)] += part * np.float32(np.cos(angle))
    out[1, at : at + len(part)] += part * np.float32(np.sin(angle))


def _pick(random: np.random.Generator, options: Sequence[Sequence[int]]) -> Sequence[int]:
    return options[int(random.integers(len(options)))]
