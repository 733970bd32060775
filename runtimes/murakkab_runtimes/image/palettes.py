"""Colour families of drawn scenes, picked by mood and varied by chance."""

from __future__ import annotations

import colorsys
import random
from dataclasses import dataclass, fields, replace

MOODS = ("calm", "warm", "bright", "thoughtful", "playful", "dreamy")


@dataclass(frozen=True)
class Family:
    """The colours of one scene, each ``#rrggbb``.

    Attributes:
        sky, low: of the sky at the top and at the horizon.
        glow: of the light.
        far, mid, near: of the ground, by distance.
        accent, accent2: of what the eye is led to.
        light: of highlights and paper.

    """

    sky: str
    low: str
    glow: str
    far: str
    mid: str
    near: str
    accent: str
    accent2: str
    light: str


FAMILIES: dict[str, Family] = {
    "harbour": Family(
        "#1d4468", "#7fb0bd", "#f8dfb4", "#4b869d", "#2c5f7f", "#183c59", "#f2a65a", "#7fd1c7", "#fdf3e1"
    ),
    "dusk": Family("#33295f", "#ea946f", "#ffd9a0", "#935079", "#613869", "#372150", "#ffb257", "#f2727f", "#fff0dc"),
    "meadow": Family("#6cbcd8", "#eaf3da", "#fff6cf", "#9bd0a8", "#58ab87", "#2c7869", "#ff8a5c", "#ffd25e", "#fffaf0"),
    "night": Family("#0d1638", "#41518f", "#c4d0ff", "#36427f", "#262f63", "#161c43", "#ffd37a", "#8fa8ff", "#f2f4ff"),
    "sand": Family("#efc795", "#fcefd5", "#fffaea", "#e0a876", "#c47a52", "#8c4a3c", "#2f8087", "#e9573f", "#fff8ec"),
    "coral": Family("#ff9c7d", "#ffe3c2", "#fff3dc", "#f3817d", "#cb526d", "#7b2f58", "#2bb3b1", "#ffd166", "#fff7ec"),
    "pine": Family("#2b5f5c", "#b9d3ab", "#f5f1c8", "#6d9f87", "#3b7666", "#1c4a47", "#f0b34b", "#e86f51", "#f8f5e3"),
    "lilac": Family("#7468c6", "#f6cad8", "#fff0ee", "#a88fd9", "#7b66bb", "#473b86", "#ffcf6b", "#5fcfd2", "#fff6fb"),
    "ember": Family("#34182e", "#c4553a", "#ffbd78", "#84303d", "#581f36", "#301327", "#ffb84d", "#ff7a55", "#ffeeda"),
    "arctic": Family("#8fc3e2", "#f3f8fa", "#ffffff", "#b6d6e7", "#7baac8", "#41769c", "#ff7a59", "#2d4f87", "#ffffff"),
    "mint": Family("#3aa79b", "#dcf2d3", "#fffbe0", "#84cdb3", "#3f9a8c", "#1f6368", "#ff9f6b", "#ffe08a", "#fbfff4"),
    "slate": Family("#34405a", "#9db0be", "#f4e6cf", "#6f8398", "#4a5c75", "#2a364c", "#f2b663", "#86c5c0", "#f5f3ee"),
}

BY_MOOD: dict[str, tuple[str, ...]] = {
    "calm": ("harbour", "pine", "arctic", "sand"),
    "warm": ("dusk", "sand", "ember", "coral"),
    "bright": ("meadow", "mint", "coral", "arctic"),
    "thoughtful": ("slate", "harbour", "night", "pine"),
    "playful": ("coral", "lilac", "mint", "meadow"),
    "dreamy": ("lilac", "night", "dusk", "harbour"),
}


DARK = ("night", "dusk", "ember", "slate", "harbour")
"""Families whose sky is dark, for what is seen at night."""


def choose(mood: str, seed: int, section: random.Random, *, dark: bool = False) -> tuple[str, Family]:
    """Name and colours of the family for a mood: the same all through a run, its hue a little varied by section."""
    known = mood if mood in BY_MOOD else random.Random(f"mood {mood!a}").choice(MOODS)
    fitting = [name for name in BY_MOOD[known] if name in DARK] or DARK[:2]
    name = random.Random(f"family {seed} {known}").choice(fitting if dark else BY_MOOD[known])
    turn = section.uniform(-0.02, 0.02)
    family = FAMILIES[name]
    return name, replace(family, **{f.name: _turned(getattr(family, f.name), turn) for f in fields(family)})


def roles(family: Family) -> dict[str, str]:
    """The palette that cards and captions use; ``ink`` stands out from ``background`` by at least 7 to 1."""
    background = mix(family.near, "#000814", 0.55)
    ink = mix(family.light, "#ffffff", 0.5)
    return {
        "background": background,
        "surface": mix(background, family.near, 0.75),
        "accent": family.accent,
        "accent2": family.accent2,
        "ink": ink,
        "muted": mix(ink, background, 0.32),
    }


def mix(one: str, other: str, share: float) -> str:
    """The colour at ``share`` 0..1 of the way from one to the other."""
    return _hex(*(a + (b - a) * share for a, b in zip(rgb(one), rgb(other), strict=True)))


def lighter(colour: str, share: float) -> str:
    """Towards a warm white."""
    return mix(colour, "#fffaf0", share)


def darker(colour: str, share: float) -> str:
    """Towards a deep blue, as shadows are."""
    return mix(colour, "#0b1030", share)


def luminance(colour: str) -> float:
    """Relative luminance in 0..1 (WCAG 2.2)."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio in 1..21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def rgb(colour: str) -> tuple[float, float, float]:
    """Red, green and blue in 0..1."""
    number = int(colour[1:7], 16)
    return (number >> 16) / 255, (number >> 8 & 255) / 255, (number & 255) / 255


def _hex(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{round(max(0.0, min(c, 1.0)) * 255):02x}" for c in (red, green, blue))


def _turned(colour: str, turn: float) -> str:
    hue, light, saturation = colorsys.rgb_to_hls(*rgb(colour))
    return _hex(*colorsys.hls_to_rgb((hue + turn) % 1, light, saturation))
