"""Every drawing can be read, is called by words, and takes on the colours of a scene."""

import random

import numpy as np
import pytest
import skia

from murakkab_runtimes.image.motifs import drawings
from murakkab_runtimes.image.motifs.pen import Pen
from murakkab_runtimes.image.motifs.registry import MOTIFS
from murakkab_runtimes.image.palettes import FAMILIES, contrast

SIDE = 100
GROUND = (255, 0, 255)


def drawn(name, family="meadow"):
    """A drawing on magenta: its colours (100 x 100 x 3) and where it covers the ground."""
    pixels = np.empty((SIDE, SIDE, 4), np.uint8)
    pixels[...] = (*GROUND, 255)
    with skia.Surface(pixels) as canvas:
        canvas.translate(SIDE / 2, SIDE / 2)
        pen = Pen(canvas, FAMILIES[family], random.Random(1))
        MOTIFS[name].draw(pen)
    colours = pixels[..., :3].astype(int)
    return colours, np.abs(colours - GROUND).max(axis=2) > 40


def test_there_are_many_drawings():
    assert len(drawings.drawings()) >= 100


@pytest.mark.parametrize("name", drawings.drawings())
def test_each_drawing_shows_and_fits_its_box(name):
    _, covered = drawn(name)
    rows, columns = np.nonzero(covered)
    assert covered.mean() > 0.05
    assert rows.max() - rows.min() > 30
    assert columns.max() - columns.min() > 20
    assert abs((columns.min() + columns.max()) / 2 - SIDE / 2) < 14, "about in the middle"


@pytest.mark.parametrize("name", drawings.drawings())
def test_no_drawing_has_a_shape_left_black(name):
    colours, _ = drawn(name)
    assert (colours.max(axis=2) < 8).mean() < 0.002


@pytest.mark.parametrize("family", FAMILIES)
def test_the_roles_can_be_told_apart(family):
    found = drawings.colours(FAMILIES[family])
    assert contrast(found["light"], found["dark"]) > 4.5
    assert len(set(found.values())) == 5
    for role in ("warm", "cool", "gold"):
        assert contrast(found[role], found["dark"]) > 1.5


def test_a_drawing_takes_the_colours_of_the_family():
    one, _ = drawn("apple", "meadow")
    other, _ = drawn("apple", "night")
    assert np.abs(one - other).max() > 30


def test_each_drawing_is_called_by_its_name_and_other_words():
    for name, words in drawings.words().items():
        assert len(words.split()) >= 4, name
        assert name in words.split() or name in ("harvest", "stethoscope", "pot", "flask", "printer"), name


def test_equal_files_draw_equally():
    np.testing.assert_array_equal(drawn("rocket")[0], drawn("rocket")[0])


@pytest.mark.parametrize(
    ("svg", "complaint"),
    [
        ('<svg><desc>x</desc><path fill="#123456"/></svg>', "colours without a role: #123456"),
        ('<svg><path fill="#e76f51"/></svg>', "no <desc>"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, svg, complaint):
    (tmp_path / "odd.svg").write_text(svg)
    with pytest.raises(ValueError, match=complaint) as fault:
        drawings.drawings(tmp_path)
    assert "odd.svg" in str(fault.value)
