"""Raw H.264 (ITU-T H.264, Annex B) split into its parameter sets and pictures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from murakkab_runtimes.base import InputError

_SLICE, _IDR, _SPS, _PPS = 1, 5, 7, 8
_START = re.compile(b"\x00\x00\x01")


@dataclass(frozen=True)
class Elementary:
    """A parsed clip.

    Attributes:
        sps: sequence parameter set, without start code.
        pps: picture parameter set, without start code.
        pictures: one sample each as MP4 stores it: NAL units behind 4-byte lengths, nothing but slices.
    """

    sps: bytes
    pps: bytes
    pictures: tuple[bytes, ...]


def nal_units(data: bytes) -> list[bytes]:
    """Split at the start codes."""
    starts = [match.start() for match in _START.finditer(data)]
    return [data[at + 3 : end].rstrip(b"\0") for at, end in pairwise([*starts, len(data)])]


def parse(data: bytes) -> Elementary:
    """Parse a clip.

    Raises:
        InputError: it does not start with parameter sets and an IDR picture.
    """
    units = [unit for unit in nal_units(data) if len(unit) > 1]
    sets = {unit[0] & 31: unit for unit in units if unit[0] & 31 in (_SPS, _PPS)}
    pictures: list[bytes] = []
    slices = [unit for unit in units if unit[0] & 31 in (_SLICE, _IDR)]
    if len(sets) < 2 or not slices or slices[0][0] & 31 != _IDR:
        raise InputError("a clip must be raw H.264 that starts with SPS, PPS and an IDR picture; use media.video")
    for unit in slices:
        sample = len(unit).to_bytes(4, "big") + unit
        if unit[1] & 0x80:  # first_mb_in_slice is 0: the first slice of a picture
            pictures.append(sample)
        elif pictures:
            pictures[-1] += sample
    return Elementary(sets[_SPS], sets[_PPS], tuple(pictures))
