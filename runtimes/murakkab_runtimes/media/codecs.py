"""The audio codecs of the stream as numbers, free of heavy imports."""

from __future__ import annotations

from dataclasses import dataclass

RATE = 48_000
"""Samples a second, everywhere in the stream."""


@dataclass(frozen=True)
class BlockCodec:
    """An audio encoder that turns fixed blocks of samples into packets.

    Packet ``i`` decodes to the samples ``[i * block - delay, (i + 1) * block - delay)`` of the source. Packet 0 holds
    the encoder's priming and is never published.
    """

    name: str
    block: int
    delay: int
    sample_format: str
    options: tuple[tuple[str, str], ...] = ()
    bit_rate: int = 128_000

    def last(self, samples: int) -> int:
        """Index of the packet that holds the last of ``samples``."""
        return -(-(samples + self.delay) // self.block) - 1


AAC = BlockCodec("aac", 1024, 1024, "fltp", (("aac_coder", "fast"),))
MP3 = BlockCodec("libmp3lame", 1152, 1105, "s16p", (("reservoir", "0"), ("compression_level", "7")))
