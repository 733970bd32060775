"""Cards show what they are given, whatever the script, the size and the second."""

import numpy as np
import pytest
import skia

from murakkab_runtimes.image import cards
from murakkab_runtimes.image.palettes import FAMILIES, contrast, roles

TITLES = ["Why the sea has tides", "समुद्र", "海にはなぜ", "🌊", "x" * 300, "a b " * 200]
SIZES = [(640, 360), (1280, 720), (320, 180), (360, 640)]
PALETTE = cards.DEFAULT_PALETTE


def drawn(draw, width=640, height=360, ground=(0, 0, 0)):
    """The picture that ``draw(canvas)`` makes: height x width x 3."""
    pixels = np.empty((height, width, 4), np.uint8)
    pixels[...] = (*ground, 255)
    with skia.Surface(pixels) as canvas:
        draw(canvas)
    return pixels[..., :3].copy()


def title(text, t=1.2, size=(640, 360), subtitle="with Ada and Ben"):
    return drawn(lambda canvas: cards.title_card(canvas, *size, text, subtitle, PALETTE, t), *size)


def outro(names, t=1.5, text="Tides"):
    return drawn(lambda canvas: cards.outro_card(canvas, 640, 360, text, names, PALETTE, t))


def differing(one, other):
    """The box (left, top, right, bottom) of the pixels that differ, or None."""
    rows, columns = np.nonzero(np.abs(one.astype(int) - other.astype(int)).max(axis=2) > 24)
    return (columns.min(), rows.min(), columns.max(), rows.max()) if len(rows) else None


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("text", TITLES)
def test_a_title_shows_inside_the_picture(text, size):
    left, top, right, bottom = differing(title("", size=size, subtitle=""), title(text, size=size, subtitle=""))
    assert left > 2
    assert top > 2
    assert right < size[0] - 3
    assert bottom < size[1] - 3


def test_a_title_keeps_clear_of_the_emblem():
    box = differing(title("", subtitle=""), title("The history of everything that ever was " * 2, subtitle=""))
    assert box[2] < 640 * 0.62


def test_a_right_to_left_title_mirrors_the_card():
    arabic = title("لماذا يوجد مد وجزر", subtitle="")
    accent = np.array([0xFF, 0xB3, 0x47])
    disc = np.nonzero(np.abs(arabic[180].astype(int) - accent).max(axis=1) < 30)[0]
    assert disc.mean() < 240
    white = np.nonzero(arabic.min(axis=2) > 230)[1]
    assert white.mean() > 380


def test_the_first_frame_already_shows_the_title():
    assert differing(title("", 0.0), title("Tides", 0.0)) is not None


def test_the_title_comes_in_and_stays():
    first, late, later = title("Tides", 0.0), title("Tides", 1.2), title("Tides", 1.7)
    words = np.s_[120:240, 40:330]
    assert np.abs(first[words].astype(int) - late[words]).max() > 60
    assert np.abs(late[words].astype(int) - later[words]).max() < 12


def test_the_emblem_moves():
    assert differing(title("Tides", 1.2), title("Tides", 1.4)) is not None


def test_equal_seconds_give_equal_pictures():
    np.testing.assert_array_equal(title("Tides", 0.37), title("Tides", 0.37))


def test_the_outro_shows_every_host():
    one, two = outro(["Ada"]), outro(["Ada", "Ben"])
    assert differing(one, two) is not None
    assert differing(outro([]), one) is not None


@pytest.mark.parametrize(
    ("names", "text"),
    [([], ""), (["Ada"], "Ada"), (["Ada", "Ben"], "Ada and Ben"), (["Ada", "Ben", "Cy"], "Ada, Ben and Cy")],
)
def test_names_are_listed_as_english_does(names, text):
    assert cards.listed(names).replace("\u200e", "") == text


def test_a_lower_third_fades_and_stays_at_the_left():
    def plate(alpha, name="Ada"):
        return drawn(lambda c: cards.lower_third(c, 640, 360, name, "Tides", PALETTE, alpha), ground=(200, 200, 200))

    nothing, half, full = plate(0), plate(0.5), plate(1)
    assert differing(nothing, nothing + 0) is None
    left, top, right, bottom = differing(nothing, full)
    assert left > 8
    assert right < 330
    assert top > 230
    assert bottom < 350
    assert half[300, 60].mean() > full[300, 60].mean() + 20
    arabic = plate(1, "نوال")
    assert differing(nothing, arabic)[2] < 330


def test_a_long_section_title_stays_on_its_plate():
    picture = drawn(
        lambda c: cards.lower_third(c, 640, 360, "Bartholomew " * 6, "What is this " * 20, PALETTE, 1),
        ground=(200, 200, 200),
    )
    ground = np.full_like(picture, 200)
    assert differing(ground, picture)[2] < 640 * 0.62


@pytest.mark.parametrize("text", ["Short.", "The moon pulls on the water. " * 12, "القمر يجذب الماء", ""])
def test_a_caption_stands_in_the_middle_at_the_bottom(text):
    blank = drawn(lambda _: None, ground=(200, 200, 200))
    box = differing(blank, drawn(lambda c: cards.caption(c, 640, 360, text, PALETTE), ground=(200, 200, 200)))
    if not text:
        assert box is None
        return
    assert (box[0] + box[2]) / 2 == pytest.approx(320, abs=3)
    assert box[1] > 280
    assert box[3] < 355


@pytest.mark.parametrize("name", FAMILIES)
def test_text_stands_out_from_the_card(name):
    palette = roles(FAMILIES[name])
    for ground in ("background", "surface"):
        assert contrast(palette["ink"], palette[ground]) > 4.5
        assert contrast(palette["muted"], palette[ground]) > 3
