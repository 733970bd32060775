"""Colours as 32-bit ARGB integers, the form that skia takes."""

from __future__ import annotations

import colorsys
import re
from functools import lru_cache

NAMED = {
    "black": "#1d1a1f",
    "white": "#f2efe9",
    "grey": "#8d8f96",
    "gray": "#8d8f96",
    "silver": "#c3c5ca",
    "red": "#b8413a",
    "orange": "#d9803a",
    "yellow": "#e0b545",
    "mustard": "#c9962f",
    "green": "#4d8a5b",
    "olive": "#6e7440",
    "teal": "#2b7a78",
    "turquoise": "#3fa39b",
    "blue": "#3c6fae",
    "navy": "#27375c",
    "purple": "#6a4c93",
    "violet": "#7d5fb2",
    "pink": "#d4788f",
    "coral": "#e07a5f",
    "rust": "#a8532f",
    "brown": "#5a3a28",
    "beige": "#d9c3a0",
    "cream": "#efe3c8",
    "hazel": "#7d6237",
    "amber": "#a8702a",
}
HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")


def parse_colour(text: str, names: dict[str, str] | None = None) -> int | None:
    """Return the colour of ``#rgb``, ``#rrggbb`` or a name (``names`` first, then ``NAMED``), else None."""
    word = text.strip().lower()
    word = (names or {}).get(word) or NAMED.get(word, word)
    if not HEX.fullmatch(word):
        return None
    digits = word[1:] if len(word) == 7 else "".join(c * 2 for c in word[1:])
    return 0xFF000000 | int(digits, 16)


def channels(colour: int) -> tuple[int, int, int]:
    """Red, green and blue in 0..255."""
    return colour >> 16 & 255, colour >> 8 & 255, colour & 255


def pack(red: float, green: float, blue: float, alpha: float = 255) -> int:
    """The colour of four channels in 0..255, clamped."""
    r, g, b, a = (max(0, min(255, round(c))) for c in (red, green, blue, alpha))
    return a << 24 | r << 16 | g << 8 | b


@lru_cache(4096)
def mix(first: int, second: int, share: float) -> int:
    """``share`` 0 gives ``first``, 1 gives ``second``; opaque."""
    pairs = zip(channels(first), channels(second), strict=True)
    return pack(*(a + (b - a) * share for a, b in pairs))


@lru_cache(4096)
def fade(colour: int, alpha: float) -> int:
    """The colour with an opacity of 0..1."""
    return colour & 0xFFFFFF | round(max(0.0, min(1.0, alpha)) * 255) << 24


@lru_cache(4096)
def tone(colour: int, lightness: float, saturation: float = 1.0, hue: float = 0.0) -> int:
    """Scale lightness and saturation (HLS) and turn the hue by a share of the circle."""
    h, light, s = colorsys.rgb_to_hls(*(c / 255 for c in channels(colour)))
    rgb = colorsys.hls_to_rgb((h + hue) % 1.0, min(1.0, light * lightness), min(1.0, s * saturation))
    return pack(*(c * 255 for c in rgb))


def luminance(colour: int) -> float:
    """Relative lightness in 0..1 (Rec. 709 weights on the encoded values)."""
    red, green, blue = channels(colour)
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255
