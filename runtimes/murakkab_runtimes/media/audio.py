"""Audio that is encoded piece by piece and plays as if it had been encoded at once.

AAC and MP3 packets overlap their neighbours, so a piece cannot be encoded alone. Each piece is encoded from a few
blocks earlier (the *warm-up*, whose packets are dropped), and only packets whose whole input is known are kept. The
encoder has then converged to what a continuous encoder would do, and windows and overlaps fit across pieces. The price
is that the packets of a piece end two to three blocks (at most 64 ms) before the piece does; they come with the next.
"""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from murakkab_runtimes.base import InputError
from murakkab_runtimes.media.codecs import AAC, RATE, BlockCodec

WARM_UP = 6
"""Blocks encoded ahead of the first packet that is kept."""

Pcm = NDArray[np.int16]
"""Samples x 2."""


def new_context(codec: BlockCodec) -> av.AudioCodecContext:
    """A fresh encoder."""
    context = av.CodecContext.create(codec.name, "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.bit_rate = RATE, codec.bit_rate
    context.layout, context.format = "stereo", codec.sample_format
    context.options = dict(codec.options)
    return context


def aac_config() -> bytes:
    """The AudioSpecificConfig of the AAC packets."""
    context = new_context(AAC)
    context.open()
    assert context.extradata is not None
    return bytes(context.extradata)


def first_needed(codec: BlockCodec, following: int) -> int:
    """First sample that encoding the packet ``following`` needs."""
    return max(0, following - WARM_UP) * codec.block


def encode(codec: BlockCodec, pcm: Pcm, offset: int, following: int, *, end: bool = False) -> list[bytes]:
    """Encode the packets from index ``following`` on for which ``pcm`` suffices.

    Args:
        codec: ``AAC`` or ``MP3``.
        pcm: samples x 2; it must reach back to ``first_needed(codec, following)``.
        offset: position of the first sample of ``pcm`` in the stream.
        following: index of the first packet to return.
        end: the stream ends behind ``pcm``; return all the rest.

    Returns:
        The packets ``following``, ``following + 1``, ...
    """
    start = first_needed(codec, following)
    if start < offset:
        raise ValueError(f"packet {following} needs samples from {start} on, the given ones start at {offset}")
    total = offset + len(pcm)
    pcm = pcm[start - offset :]
    if end:
        pcm = np.concatenate([pcm, np.zeros((4 * codec.block, 2), np.int16)])
    packets = _packets(codec, pcm)[following - start // codec.block :]
    return packets[: codec.last(total) + 1 - following] if end else packets


def _packets(codec: BlockCodec, pcm: Pcm) -> list[bytes]:
    planes = pcm.T.astype(np.float32) / np.float32(32768) if codec.sample_format == "fltp" else pcm.T
    context, packets = new_context(codec), []
    for at in range(0, len(pcm) - codec.block + 1, codec.block):
        block = np.ascontiguousarray(planes[:, at : at + codec.block])
        frame = av.AudioFrame.from_ndarray(block, format=codec.sample_format, layout="stereo")
        frame.sample_rate, frame.pts = RATE, at
        packets += [bytes(packet) for packet in context.encode(frame)]
    return packets


def read_wav(path: Path) -> Pcm:
    """Read a 48 kHz stereo 16-bit WAV file as samples x 2.

    Raises:
        InputError: it is no such file.
    """
    try:
        with wave.open(str(path), "rb") as file:
            form = (file.getframerate(), file.getnchannels(), file.getsampwidth())
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as fault:
        raise InputError(f"{path.name} is no WAV file: {fault}") from None
    if form != (RATE, 2, 2):
        raise InputError(
            f"{path.name} has {form[0]} Hz, {form[1]} channels, {8 * form[2]} bit; need 48000 Hz, 2, 16 bit"
        )
    return np.frombuffer(data, np.int16).reshape(-1, 2)


def write_wav(path: Path, pcm: Pcm) -> None:
    """Write samples x 2 as a 48 kHz stereo 16-bit WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.ascontiguousarray(pcm, np.int16).tobytes())
