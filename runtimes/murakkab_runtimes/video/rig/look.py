"""What a host looks like: the ``look`` of the cast, checked, with defaults that follow from the name."""

from __future__ import annotations

import random
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from murakkab_runtimes.base import InputError
from murakkab_runtimes.video.rig.colour import luminance, mix, parse_colour, tone

SKINS = {
    "pale": "#f6d7c3",
    "fair": "#f3cdb2",
    "light": "#eebf9f",
    "medium": "#d9a074",
    "olive": "#c99a6b",
    "tan": "#c68a5b",
    "brown": "#9a6240",
    "dark": "#6f4430",
    "deep": "#573424",
}
HAIRS = {
    "black": "#241c1e",
    "brown": "#4d3022",
    "dark": "#2f2220",
    "light brown": "#7a5232",
    "blond": "#d3a55a",
    "blonde": "#d3a55a",
    "red": "#a2492a",
    "auburn": "#7a3524",
    "ginger": "#bd6330",
    "grey": "#8f8d8e",
    "gray": "#8f8d8e",
    "white": "#dcd9d3",
}
EYES = {"brown": "#5b3a22", "blue": "#4a7ea8", "green": "#5d8757", "grey": "#75828c", "gray": "#75828c"}
SHIRTS = ("#2f6f73", "#d9724f", "#3f5a8c", "#c9962f", "#7b5a96", "#4d8a5b", "#b8505a", "#5d6b7a")
HAIR_STYLES = ("short", "long", "bun", "curly", "bald")
BEARDS = ("none", "full", "stubble", "moustache", "goatee")
FAIR = 0.68
"""Luminance of the skin above which eyes are of any colour where none is given."""

GLASSES = ("none", "round", "square")
CLOTHES = ("crew", "shirt", "hoodie", "blazer", "turtleneck")


USUAL_HAIR = {True: ("long", "bun", "curly"), False: ("short", "short", "curly")}
"""Hair styles where none is given, by ``Look.female``."""

DISTINCT: dict[str, tuple[Any, ...]] = {
    "clothes": CLOTHES,
    "shirt": tuple(colour for colour in map(parse_colour, SHIRTS) if colour is not None),
    "skin": tuple(colour for colour in map(parse_colour, SKINS.values()) if colour is not None),
}


@dataclass(frozen=True)
class Look:
    """A checked look; colours are ARGB integers, ``variant`` picks among shapes of one hair style (0..2)."""

    name: str
    female: bool
    skin: int
    hair: int
    shirt: int
    eyes: int
    hair_style: str
    glasses: str
    beard: str
    clothes: str
    headphones: bool
    variant: int

    @property
    def shade(self) -> int:
        """Skin in shadow."""
        return mix(tone(self.skin, 0.8, 1.05, -0.012), 0xFF5A1F3C, 0.12)

    @property
    def lips(self) -> int:
        """Colour of the lips."""
        return mix(tone(self.skin, 0.8), 0xFFB2384C if self.female else 0xFF9A4238, 0.5 if self.female else 0.4)


def read_look(host: Mapping[str, Any]) -> Look:
    """Check one host of the cast.

    Args:
        host: with ``name``, ``gender`` and ``look``: skin, hair, shirt and eyes (``#rrggbb`` or a name), hair_style
            (short, long, bun, curly, bald), glasses and beard (true, false or a kind), clothes, headphones. What is
            absent follows from the name.

    Raises:
        InputError: a value that cannot be understood; the message lists the valid ones.
    """
    name = str(host.get("name") or "Host")
    given = host.get("look") or {}
    if not isinstance(given, Mapping):
        raise InputError(f"host '{name}': look must be a mapping such as {{hair: brown, glasses: true}}")
    dice = random.Random(zlib.crc32(name.encode()))
    female = str(host.get("gender", "")).lower() == "female"
    skin = _colour(name, given, "skin", dice.choice(list(SKINS.values())), SKINS)
    eyes = dice.choice(list(EYES.values())) if luminance(skin) > FAIR else EYES["brown"]
    return Look(
        name=name,
        female=female,
        skin=skin,
        hair=_colour(name, given, "hair", dice.choice(list(HAIRS.values())[:8]), HAIRS),
        shirt=_colour(name, given, "shirt", dice.choice(SHIRTS), {}),
        eyes=_colour(name, given, "eyes", eyes, EYES),
        hair_style=_choice(name, given, "hair_style", HAIR_STYLES, dice.choice(USUAL_HAIR[female])),
        glasses=_switch(name, given, "glasses", GLASSES, dice.choice(("round", "square")), dice.random() < 0.3),
        beard=_switch(
            name, given, "beard", BEARDS, dice.choice(("full", "stubble")), not female and dice.random() < 0.6
        ),
        clothes=_choice(name, given, "clothes", CLOTHES, dice.choice(CLOTHES)),
        headphones=bool(given.get("headphones", True)),
        variant=dice.randrange(3),
    )


def read_looks(hosts: Sequence[Mapping[str, Any]]) -> list[Look]:
    """Check all hosts of a cast; what is not given differs from host to host.

    Raises:
        InputError: as ``read_look`` does, or an entry is no mapping.
    """
    looks: list[Look] = []
    for host in hosts:
        if not isinstance(host, Mapping):
            raise InputError(f"a host of the cast must be a mapping with a name, not {type(host).__name__}")
        look = read_look(host)
        given = host.get("look") or {}
        for key, choices in DISTINCT.items():
            if not given.get(key):
                look = replace(look, **{key: _other(getattr(look, key), [getattr(o, key) for o in looks], choices)})
        looks.append(look)
    return looks


def _other(wanted: Any, taken: list[Any], choices: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """``wanted``, or the first behind it among the choices that is not taken."""
    start = choices.index(wanted)
    free = [c for c in (*choices[start:], *choices[:start]) if c not in taken]
    return free[0] if free else wanted


def _colour(name: str, given: Mapping[str, Any], key: str, default: str, names: dict[str, str]) -> int:
    text = given.get(key)
    found = parse_colour(default if text in (None, "") else str(text), names)
    if found is None:
        known = f" or a name such as {', '.join(list(names)[:4])}" if names else " or a plain colour name"
        raise InputError(f"host '{name}': {key} '{text}' is no colour; write it as #rrggbb{known}")
    return found


def _choice(name: str, given: Mapping[str, Any], key: str, valid: tuple[str, ...], default: str) -> str:
    text = given.get(key)
    word = default if text in (None, "") else str(text).strip().lower()
    if word not in valid:
        raise InputError(f"host '{name}': {key} '{text}' is unknown; valid: {', '.join(valid)}")
    return word


def _switch(name: str, given: Mapping[str, Any], key: str, valid: tuple[str, ...], yes: str, default: bool) -> str:
    value = default if given.get(key) is None else given[key]
    if isinstance(value, bool):
        return yes if value else "none"
    plain = {"yes": yes, "true": yes, "no": "none", "false": "none", "": "none"}.get(str(value).strip().lower())
    return plain or _choice(name, given, key, valid, "none")
