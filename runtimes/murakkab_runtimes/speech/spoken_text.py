"""From text as written to text that an English voice can say.

Numbers, dates, units and abbreviations stay: the pronunciation of each adapter reads them in context.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

TOPIC = "this topic"
"""Said where nothing pronounceable is left."""

LONGEST_WORD = 30

_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_URL = re.compile(
    r"(?:https?://(?:www\.)?|www\.)([^\s/?#:,;()<>\"']+)[^\s()<>\"']*?(?=[.,;:!?]*(?:[\s()<>\"']|$))", re.I
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LINE_MARK = re.compile(r"^\s*(?:#{1,6}|[-*+•]|>)\s+", re.M)
_MARKUP = re.compile(r"[*`_|\\{}\[\]^]+")
_UNREADABLE = re.compile(
    r"[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]+(?:[\s\d،؛؟]*[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]+)*"
)
"""Scripts without written vowels (Hebrew, Arabic and their kin): letters alone do not tell how to say them."""

_LONG = re.compile(rf"[^\s]{{{LONGEST_WORD}}}(?=[^\s])")
_SAID = {"²": " squared", "³": " cubed", "×": " times ", "÷": " divided by ", "≈": " about ", "→": ", ", "•": ", "}
_SAID |= {"™": "", "®": "", "©": "", "·": " ", "−": "-", "–": "-", "\u2044": "/"}
_KEPT = frozenset("+=<>~%&@#/$°£€¥₹₩¢")


def spoken_text(text: str) -> str:
    """Remove markup and what cannot be said, spell addresses out, write other scripts in Latin letters.

    Returns:
        Readable text, or an empty one where nothing is left.
    """
    text = _TAG.sub(" ", _LINK.sub(r"\1", text))
    text = _MAIL.sub(lambda m: _address(m.group().replace("@", " at ")), text)
    text = _URL.sub(lambda m: _address(m.group(1)), text)
    text = _MARKUP.sub(" ", _LINE_MARK.sub("", text))
    text = unicodedata.normalize("NFKC", "".join(_SAID.get(c, c) for c in text)).replace("\u2044", "/")
    text = "".join(str(unicodedata.decimal(c, c)) for c in text)
    text = _UNREADABLE.sub(f" {TOPIC} ", text)
    text = "".join(_latin("".join(run)) if letters else "".join(run) for letters, run in groupby(text, _is_letter))
    text = "".join(_sayable(c) for c in text)
    text = _LONG.sub(r"\g<0> ", text)
    return "\n".join(" ".join(line.split()) for line in text.splitlines()).strip()


def _address(name: str) -> str:
    return name.rstrip(".").replace(".", " dot ")


def _is_letter(character: str) -> bool:
    """Whether it is a letter or a mark that belongs to one (a vowel sign, an accent)."""
    return unicodedata.category(character)[0] in "LM"


def _latin(word: str) -> str:
    """Letters of other scripts in Latin ones; syllables of East Asian scripts become words."""
    if word.isascii():
        return word
    from anyascii import anyascii

    if all(unicodedata.name(c, "").startswith("LATIN") for c in word):
        return anyascii(word)
    return " " + re.sub(r"(?<=[a-z])(?=[A-Z])", " ", anyascii(word)).lower() + " "


def _sayable(character: str) -> str:
    """The character, its decimal digit, or a space for emoji, controls and symbols without a reading."""
    if character in _KEPT or character == "\n":
        return character
    match unicodedata.category(character)[0]:
        case "L" | "P":
            return character
        case "N":
            digit = unicodedata.digit(character, None)
            return " " if digit is None else str(digit)
        case "M":
            return ""
    return " "
