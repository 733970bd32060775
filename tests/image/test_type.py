"""Text of any script is shaped, ordered, wrapped and fitted."""

import numpy as np
import pytest
import skia
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab_runtimes.image.type import ELLIPSIS, UNKNOWN, Style, clean, direction, fit, font_files, layout

INK = Style(24, 600, "#000000")
SAMPLES = {
    "latin": "Why the sea has tides, café — “naïve”",
    "greek": "Η θάλασσα",
    "arabic": "لماذا يوجد مد وجزر",
    "hebrew": "למה יש גאות ושפל",
    "devanagari": "समुद्र में ज्वार क्यों",
    "thai": "ทำไมทะเลจึงมีน้ำขึ้นน้ำลง",
    "bengali": "জোয়ার কেন হয়",
    "amharic": "ባሕር ለምን",
    "emoji": "🌊🚀",
    "joined emoji": "👩‍🚀",
    "unassigned": "\U0001fbff\u0378 x",
}


def ink(block, width=640, height=120):
    """Where a block leaves ink: an array of height x width of 0..255."""
    pixels = np.full((height, width, 4), 255, np.uint8)
    with skia.Surface(pixels) as canvas:
        block.draw(canvas, 0, 0)
    return 255 - pixels[..., :3].mean(axis=2)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_script_leaves_ink_within_its_block(name):
    block = layout(SAMPLES[name], INK, 600)
    marks = ink(block)
    assert (marks > 128).sum() > 40
    rows, columns = np.nonzero(marks > 20)
    assert columns.max() <= block.room + 2
    assert rows.max() <= block.height + 6


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "unassigned"])
def test_no_sample_needs_a_replacement_character(name):
    assert UNKNOWN not in clean(SAMPLES[name])


@pytest.mark.parametrize(
    ("text", "way"),
    [("tides", "ltr"), ("שלום", "rtl"), ("مد", "rtl"), ("12 — שלום abc", "rtl"), ("a שלום", "ltr"), ("123", "ltr")],
)
def test_the_first_strong_letter_sets_the_direction(text, way):
    assert direction(text) == way


def test_right_to_left_text_starts_at_the_right():
    """What is read first stands at the right edge, just as when it stands alone."""
    width = 300
    alone = layout("שלום", INK, width)
    mixed = layout("שלום abc", INK, width)
    edge = int(width - alone.width)
    np.testing.assert_array_equal(ink(mixed)[:, edge:width], ink(alone)[:, edge:width])
    assert ink(mixed)[:, : edge - 4].any()


def test_a_final_full_stop_ends_right_to_left_text_at_the_left():
    width, full = 300, layout("שלום.", INK, 300)
    columns = np.nonzero(ink(full).max(axis=0) > 60)[0]
    stop = columns[0]
    tall = np.nonzero(ink(full)[:, stop : stop + 3].max(axis=1) > 60)[0]
    assert tall.min() > full.height * 0.5, "the leftmost ink is a low dot"
    assert columns.max() > width - 6


def test_arabic_letters_join():
    apart = layout("ب\u200cب\u200cب", INK, 300)
    joined = layout("ببب", INK, 300)
    assert joined.width < apart.width * 0.9


def test_devanagari_conjuncts_form():
    assert layout("क्ष", INK, 300).width < layout("क", INK, 300).width + layout("ष", INK, 300).width


def test_a_joined_emoji_is_one_glyph():
    assert layout("👩‍🚀", INK, 300).width == pytest.approx(layout("🚀", INK, 300).width, rel=0.1)


def test_long_text_wraps_into_the_width():
    block = layout("tides " * 30, INK, 200)
    assert block.lines > 5
    assert block.width <= 200
    assert block.height == pytest.approx(block.lines * 24 * 1.2, rel=0.02)


def test_too_many_lines_end_in_an_ellipsis():
    block = layout("tides and moons " * 30, INK, 200, 2)
    assert block.lines == 2
    assert block.text.endswith(ELLIPSIS)
    assert len(block.text) > 15


def test_a_cut_tears_no_mark_from_its_letter():
    text = "क्षि" * 80
    kept = layout(text, INK, 100, 1).text.removesuffix(ELLIPSIS)
    assert kept
    assert kept[-1] != "\u200d"
    rest = text[len(kept) :]
    assert rest[0] == "क" or rest[0] == "ष", "the next character is a base letter"


def test_balanced_lines_are_about_equally_long():
    text = "The surprisingly long history of the humble coffee bean today"
    ragged, even = layout(text, INK, 560), layout(text, INK, 560, balanced=True)
    assert even.lines == ragged.lines == 2
    assert even.room < ragged.room * 0.85


def test_fitting_shrinks_before_it_cuts():
    short, long = fit("Tides", INK, 400, 60), fit("The moon pulls on the water " * 3, INK, 300, 60)
    assert short.style.size == 24
    assert 10 <= long.style.size < 24
    assert long.height <= 60
    crowded = fit("The moon pulls on the water " * 30, INK, 300, 60)
    assert crowded.text.endswith(ELLIPSIS)
    assert crowded.height <= 60


def test_fitting_shrinks_rather_than_break_a_word():
    block = fit("Donaudampfschifffahrtsgesellschaft", Style(40, 700), 420, 200)
    assert block.lines == 1


def test_drawing_at_half_opacity_leaves_half_the_ink():
    block = layout("Tides", INK, 300)
    pixels = np.full((60, 300, 4), 255, np.uint8)
    with skia.Surface(pixels) as canvas:
        block.draw(canvas, 0, 0, 0.5)
    assert pixels[..., :3].min() == pytest.approx(127, abs=3)


def test_control_characters_and_overrides_go():
    assert clean("a\x00b\u202ec\ud800d\n\te") == "a b c d e"


@settings(max_examples=150)
@given(st.text(st.characters(codec=None), max_size=60), st.integers(30, 700), st.integers(13, 200))
def test_any_text_can_be_fitted(text, width, height):
    block = fit(text, INK, width, height)
    assert block.width <= width + 30
    assert block.height <= height
    ink(block)


def test_the_fonts_are_there():
    names = {path.name for path in font_files()}
    assert "NotoSans[wght].ttf" in names
    assert "NotoEmoji[wght].ttf" in names
