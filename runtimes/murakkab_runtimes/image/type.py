"""Text in any script: shaping, bidirectional order, fitting into a box.

The fonts are Noto (SIL Open Font License) from the package ``manimgx-fonts``; Chinese, Japanese and Korean need the
package ``manimgx-fonts-cjk`` (extra ``cjk``). Characters that no installed font has are shown as one replacement
character. What is laid out is kept, so that drawing the same text on every frame costs little.
"""

from __future__ import annotations

import importlib.util
import unicodedata
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import skia

FONT_PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
ELLIPSIS = "…"
UNKNOWN = "\ufffd"
LONGEST = 1000
"""Characters of a text that are looked at."""

_MAIN = "NotoSans[wght].ttf"
_WEIGHT = int.from_bytes(b"wght", "big")
_INVISIBLE = ("Cc", "Cs", "Cn", "Co")
_OVERRIDES = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
_ISOLATES = {"ltr": "\u2066", "rtl": "\u2067"}
_END_ISOLATE = "\u2069"
_JOINER = "\u200d"

Align = Literal["start", "center", "end"]
Direction = Literal["ltr", "rtl"]


@dataclass(frozen=True)
class Style:
    """How text looks.

    Attributes:
        size: of the font in pixels.
        weight: 100 (thin) to 900 (black); the fonts have 400 to 700.
        colour: ``#rrggbb``.
        alpha: opacity in 0..1.
        align: start is left in left-to-right text and right in right-to-left text.
        leading: distance of lines in font sizes.

    """

    size: float
    weight: int = 400
    colour: str = "#ffffff"
    alpha: float = 1.0
    align: Align = "start"
    leading: float = 1.2


@dataclass(frozen=True)
class Block:
    """Laid-out text.

    Attributes:
        paragraph: what skia made of it.
        text: that is shown, as it was cut.
        width: of the longest line in pixels.
        height: of all lines in pixels.
        room: the width that it was laid out in; the text is aligned within it.
        style: how it looks.

    """

    paragraph: skia.textlayout.Paragraph
    text: str
    width: float
    height: float
    room: float
    style: Style

    @property
    def lines(self) -> int:
        """Number of lines."""
        return max(round(self.height / line_height(self.style)), 1)

    def draw(self, canvas: skia.Canvas, x: float, y: float, alpha: float = 1.0) -> None:
        """Draw with the top left corner of the box at (x, y), at an opacity in 0..1."""
        if alpha <= 0:
            return
        if alpha >= 1:
            self.paragraph.paint(canvas, x, y)
            return
        slack = self.style.size
        box = skia.Rect.MakeXYWH(x - slack, y - slack, self.room + 2 * slack, self.height + 2 * slack)
        canvas.saveLayerAlpha(box, round(alpha * 255))
        self.paragraph.paint(canvas, x, y)
        canvas.restore()


@lru_cache(512)
def clean(text: str) -> str:
    """``text`` on one line, without control characters, lone surrogates, direction overrides and unknown glyphs."""
    kept: list[str] = []
    for character in text[:LONGEST]:
        shown = _shown(character)
        if shown != UNKNOWN or kept[-1:] != [UNKNOWN]:
            kept.append(shown)
    return " ".join("".join(kept).split())


@lru_cache(512)
def direction(text: str) -> Direction:
    """Direction of a paragraph: that of its first strong character (Unicode Annex 9, rule P2)."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            return "ltr" if kind == "L" else "rtl"
    return "ltr"


@lru_cache(256)
def layout(text: str, style: Style, width: float, max_lines: int | None = None, *, balanced: bool = False) -> Block:
    """Wrap text into ``width`` pixels; text of more than ``max_lines`` lines is cut and ends in an ellipsis.

    ``balanced`` makes the lines about equally long by narrowing the block's ``room``.
    """
    text = clean(text)
    block = _layout(text, style, width)
    if max_lines is not None and block.lines > max_lines:
        return _layout(_longest_cut(text, style, width, max_lines), style, width)
    return _balanced(block) if balanced and block.lines > 1 else block


@lru_cache(256)
def fit(
    text: str, style: Style, width: float, height: float, smallest: float = 10.0, *, balanced: bool = False
) -> Block:
    """The largest layout that fits the box without breaking a word: smaller down to ``smallest``, then cut."""
    size = style.size
    while size > smallest:
        tried = replace(style, size=size)
        block = layout(text, tried, width, balanced=balanced)
        if block.height <= height and block.paragraph.MinIntrinsicWidth <= width + 1:
            return block
        size *= 0.92
    last = replace(style, size=smallest)
    return layout(text, last, width, max(int(height / line_height(last)), 1), balanced=balanced)


@lru_cache(256)
def line_height(style: Style) -> float:
    """Distance of lines in pixels: skia rounds it."""
    return float(_layout("x", style, 10 * style.size).height)


def _balanced(block: Block) -> Block:
    low, high = block.room * 0.4, block.room
    best = block
    while high - low > block.style.size / 4:
        middle = (low + high) / 2
        tried = _layout(block.text, block.style, middle)
        if tried.lines <= block.lines and tried.paragraph.MinIntrinsicWidth <= middle:
            best, high = tried, middle
        else:
            low = middle
    return best


def _longest_cut(text: str, style: Style, width: float, max_lines: int) -> str:
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if _layout(_cut(text, middle), style, width).lines <= max_lines:
            low = middle
        else:
            high = middle - 1
    return _cut(text, low)


def _layout(text: str, style: Style, width: float) -> Block:
    way = direction(text)
    look = skia.textlayout.TextStyle()
    look.setFontSize(style.size)
    look.setFontFamilies(_families(style.weight))
    look.setForegroundPaint(skia.Paint(Color=argb(style.colour, style.alpha), AntiAlias=True))
    look.setHeight(style.leading)
    look.setHeightOverride(True)
    look.setHalfLeading(True)
    form = skia.textlayout.ParagraphStyle()
    form.setTextStyle(look)
    form.setTextAlign(_alignment(style.align, way))
    builder = skia.textlayout.ParagraphBuilder.make(form, _collection(), _unicode())
    builder.pushStyle(look)
    builder.addText(_ISOLATES[way] + text + _END_ISOLATE)
    paragraph = builder.Build()
    room = max(width, 1.0)
    paragraph.layout(room)
    return Block(paragraph, text, paragraph.LongestLine, paragraph.Height, room, style)


def _alignment(align: Align, way: Direction) -> skia.textlayout.TextAlign:
    kinds = skia.textlayout.TextAlign
    if align == "center":
        return kinds.kCenter
    return kinds.kLeft if (align == "start") == (way == "ltr") else kinds.kRight


def _cut(text: str, length: int) -> str:
    """The first ``length`` characters and an ellipsis; no mark or joined emoji is torn from its base."""
    if length >= len(text):
        return text
    while length > 0 and (_joins(text[length]) or text[length - 1] == _JOINER):
        length -= 1
    return text[:length].rstrip(" ,;:-") + ELLIPSIS


def _joins(character: str) -> bool:
    return (
        unicodedata.category(character)[0] == "M" or character == _JOINER or "\U0001f3fb" <= character <= "\U0001f3ff"
    )


@lru_cache(4096)
def _shown(character: str) -> str:
    """What stands for a character: itself, a space where it is hidden, ``UNKNOWN`` where no font has it."""
    kind = unicodedata.category(character)
    if kind in _INVISIBLE or unicodedata.bidirectional(character) in _OVERRIDES:
        return " "
    if kind[0] in "ZC" or any(face.unicharToGlyph(ord(character)) for face in _faces().values()):
        return character
    return UNKNOWN


def argb(colour: str, alpha: float = 1.0) -> int:
    """Skia's colour number for ``#rrggbb`` and an opacity in 0..1."""
    return round(max(0.0, min(alpha, 1.0)) * 255) << 24 | int(colour.lstrip("#")[:6], 16)


def font_files() -> list[Path]:
    """Every font file of the packages that are installed, the Latin one first.

    Raises:
        FileNotFoundError: the package ``manimgx-fonts`` is missing.
    """
    folders = [
        Path(place)
        for name in FONT_PACKAGES
        if (spec := importlib.util.find_spec(name)) is not None
        for place in spec.submodule_search_locations or ()
    ]
    files = sorted((f for folder in folders for f in folder.glob("*.tt[fc]")), key=lambda f: (f.name != _MAIN, f.name))
    if not files:
        raise FileNotFoundError("the fonts are missing: pip install manimgx-fonts")
    return files


@cache
def _faces() -> dict[str, skia.Typeface]:
    manager = skia.FontMgr.New_Custom_Empty()
    faces = {file.stem: manager.makeFromFile(str(file)) for file in font_files()}
    return {name: face for name, face in faces.items() if face is not None}


@cache
def _provider() -> skia.textlayout.TypefaceFontProvider:
    return skia.textlayout.TypefaceFontProvider()


@cache
def _collection() -> skia.textlayout.FontCollection:
    collection = skia.textlayout.FontCollection()
    collection.setDefaultFontManager(_provider())
    return collection


@cache
def _unicode() -> skia.Unicode:
    return skia.Unicodes.ICU.Make()


@cache
def _families(weight: int) -> list[str]:
    """Register all fonts at a weight; the family names, in the order in which they are tried."""
    names = []
    for name, face in _faces().items():
        family = f"{name} {weight}"
        _provider().registerTypeface(_at_weight(face, weight), family)
        names.append(family)
    return names


def _at_weight(face: skia.Typeface, weight: int) -> skia.Typeface:
    """The face at a weight. Skia keeps no copy of the coordinates: they must live until the clone is made."""
    position = skia.FontArguments.VariationPosition
    coordinates = position.Coordinates([position.Coordinate(_WEIGHT, weight)])
    wanted = position(coordinates)
    arguments = skia.FontArguments()
    arguments.setVariationDesignPosition(wanted)
    return face.makeClone(arguments) or face
