"""Fragmented MP4 written box by box (ISO/IEC 14496-12, 14496-14 and 14496-15).

PyAV's muxer takes no ready-made parameter sets, so the two kinds of file of a stream are laid out here: the *init
segment* (``ftyp moov``), a pure function of canvas, frame rate and parameter sets, and *media segments*
(``moof mdat``) that state the decode time of their first samples themselves.

No edit list is used: the packet that primes the AAC decoder is never published, and the packet that decodes to the
sample ``n`` of the source has the decode time ``n``. So both tracks start at 0 in every player, with or without
support for edit lists.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from murakkab_runtimes.media.codecs import AAC, RATE

VIDEO, AUDIO = 1, 2
"""Track identifiers."""

TICKS = 1000
"""Video time units a frame; the time scale of the video track is ``fps * TICKS``."""

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNDETERMINED = 0x55C4  # the language "und"
_SYNC, _NO_SYNC = 0x02000000, 0x01010000


@dataclass(frozen=True)
class Run:
    """Consecutive samples of one track: decode time of the first in the track's time scale, and their bytes."""

    track: int
    time: int
    samples: Sequence[bytes]


def init_segment(width: int, height: int, fps: int, sps: bytes, pps: bytes, aac_config: bytes) -> bytes:
    """The header that a player needs before any media segment; equal arguments give equal bytes."""
    video = _box(
        b"trak",
        _track_header(VIDEO, width, height),
        _media(b"vide", fps * TICKS, _full(b"vmhd", 1, bytes(8)), _avc1(width, height, sps, pps)),
    )
    audio = _box(
        b"trak", _track_header(AUDIO, 0, 0), _media(b"soun", RATE, _full(b"smhd", 0, bytes(4)), _mp4a(aac_config))
    )
    defaults = [_full(b"trex", 0, struct.pack(">5I", track, 1, 0, 0, 0)) for track in (VIDEO, AUDIO)]
    movie = _box(b"moov", _movie_header(), video, audio, _box(b"mvex", *defaults))
    return _box(b"ftyp", b"iso6", bytes(4), b"iso6cmfcmp41") + movie


def media_segment(sequence: int, runs: Sequence[Run]) -> bytes:
    """One ``moof`` and one ``mdat`` with the samples of all ``runs``; runs without samples are left out.

    The first sample of a video run is a random access point, the others are not.
    """
    runs = [run for run in runs if run.samples]
    offset = len(_fragment(sequence, runs, 0)) + 8
    data = b"".join(sample for run in runs for sample in run.samples)
    return _fragment(sequence, runs, offset) + _box(b"mdat", data)


def codecs(init: bytes) -> str:
    """The ``CODECS`` attribute (RFC 6381) of the tracks that an init segment made here describes."""
    record = init.index(b"avcC") + 4
    return f"avc1.{init[record + 1 : record + 4].hex()},mp4a.40.2"


def _fragment(sequence: int, runs: Sequence[Run], offset: int) -> bytes:
    tracks = []
    for run in runs:
        tracks.append(_track_fragment(run, offset))
        offset += sum(map(len, run.samples))
    return _box(b"moof", _full(b"mfhd", 0, struct.pack(">I", sequence)), *tracks)


def _track_fragment(run: Run, offset: int) -> bytes:
    """``traf``; ``offset`` counts from the start of the ``moof`` (the flag default-base-is-moof)."""
    video = run.track == VIDEO
    duration, flags = (TICKS, _NO_SYNC) if video else (AAC.block, _SYNC)
    sizes = struct.pack(f">{len(run.samples)}I", *map(len, run.samples))
    return _box(
        b"traf",
        _full(b"tfhd", 0x020028, struct.pack(">3I", run.track, duration, flags)),
        _full(b"tfdt", 0x01000000, struct.pack(">Q", run.time)),
        _full(b"trun", 0x000205, struct.pack(">IiI", len(run.samples), offset, _SYNC), sizes),
    )


def _movie_header() -> bytes:
    times = struct.pack(">4I", 0, 0, 1000, 0)
    return _full(b"mvhd", 0, times, struct.pack(">IH10x", 0x10000, 0x100), _MATRIX, bytes(24), struct.pack(">I", 3))


def _track_header(track: int, width: int, height: int) -> bytes:
    volume = 0 if width else 0x100
    size = struct.pack(">2I", width << 16, height << 16)
    return _full(b"tkhd", 3, struct.pack(">5I8x", 0, 0, track, 0, 0), struct.pack(">4xH2x", volume), _MATRIX, size)


def _media(kind: bytes, timescale: int, header: bytes, entry: bytes) -> bytes:
    tables = [_full(name, 0, bytes(size)) for name, size in ((b"stts", 4), (b"stsc", 4), (b"stsz", 8), (b"stco", 4))]
    described = _full(b"stsd", 0, struct.pack(">I", 1), entry)
    here = _box(b"dinf", _full(b"dref", 0, struct.pack(">I", 1), _full(b"url ", 1)))
    return _box(
        b"mdia",
        _full(b"mdhd", 0, struct.pack(">4I2H", 0, 0, timescale, 0, _UNDETERMINED, 0)),
        _full(b"hdlr", 0, bytes(4), kind, bytes(13)),
        _box(b"minf", header, here, _box(b"stbl", described, *tables)),
    )


def _avc1(width: int, height: int, sps: bytes, pps: bytes) -> bytes:
    sets = b"\xe1" + struct.pack(">H", len(sps)) + sps + b"\x01" + struct.pack(">H", len(pps)) + pps
    record = b"\x01" + sps[1:4] + b"\xff" + sets + b"\xfd\xf8\xf8\x00"  # 4-byte lengths; 4:2:0, 8 bit
    colour = b"nclx" + struct.pack(">3HB", 1, 1, 1, 0)  # BT.709, limited range
    return _box(
        b"avc1",
        struct.pack(">6xH16x2H2I4xH32x2H", 1, width, height, 0x480000, 0x480000, 1, 24, 0xFFFF),
        _box(b"avcC", record),
        _box(b"colr", colour),
        _box(b"pasp", struct.pack(">2I", 1, 1)),
    )


def _mp4a(config: bytes) -> bytes:
    rate = AAC.bit_rate
    decoder = struct.pack(">2B3x2I", 0x40, 0x15, rate, rate) + _descriptor(5, config)
    stream = struct.pack(">HB", AUDIO, 0) + _descriptor(4, decoder) + _descriptor(6, b"\x02")
    entry = struct.pack(">6xH8x2H4xI", 1, 2, 16, RATE << 16)
    return _box(b"mp4a", entry, _full(b"esds", 0, _descriptor(3, stream)))


def _descriptor(tag: int, data: bytes) -> bytes:
    return bytes((tag, len(data))) + data


def _box(kind: bytes, *parts: bytes) -> bytes:
    return struct.pack(">I", 8 + sum(map(len, parts))) + kind + b"".join(parts)


def _full(kind: bytes, version_and_flags: int, *parts: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version_and_flags), *parts)
