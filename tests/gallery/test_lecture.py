"""The workflow ``lecture`` from a Markdown file to a film, on the example that is shipped."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from murakkab_runtimes.base import InputError, Task, runtime_class
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.image.rich import Look, lay_out
from murakkab_runtimes.image.slide import BOTTOM, arrange
from murakkab_runtimes.image.themes import THEMES
from murakkab_runtimes.text.forms.lecture import faithful
from murakkab_runtimes.text.narration import lines_of, reveals
from murakkab_runtimes.tools.deck import read_deck
from murakkab_runtimes.video.stills import CARD_S
from tests.gallery.film import (
    Film,
    check_captions,
    check_every_segment_decodes,
    check_is_whole,
    make,
    word_error_rate,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "lecture" / "tides.md"
FACTS, *SLIDES = EXAMPLE.read_text().split("\n---\n")
DECK = "\n---\n".join([FACTS, SLIDES[0], SLIDES[3]])
"""Two slides of the example: its title, which has notes, and one without."""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    folder = tmp_path_factory.mktemp("lecture")
    (folder / "tides.md").write_text(DECK)
    return make(folder / "runs", "lecture", "--slides", str(folder / "tides.md"), "--seed", "1")


def test_the_film_is_whole(film: Film) -> None:
    check_is_whole(film)
    check_every_segment_decodes(film)
    assert 18 < film.end["duration_s"] < 32
    assert film.end["ttff_s"] <= film.end["first_speech_s"]


def test_captions_are_what_is_spoken(film: Film) -> None:
    check_captions(film)


def test_every_slide_is_a_chapter(film: Film) -> None:
    titles = [slide.title for slide in read_deck(DECK).slides]
    assert [title for title, _, _ in film.chapters] == titles
    assert film.chapters[-1][2] == pytest.approx(film.end["duration_s"], abs=0.06)


def test_notes_are_spoken_as_they_stand(film: Film) -> None:
    spoken = " ".join(film.lines)
    for slide in read_deck(DECK).slides:
        assert " ".join(slide.notes.split()) in spoken


def test_a_slide_without_notes_speaks_its_points(film: Film) -> None:
    spoken = " ".join(film.lines)
    assert "Spring tide: Sun and Moon in one line." in spoken
    assert "The picture shows the Moon above the sea." in spoken


def test_slides_differ_and_build_up(film: Film) -> None:
    (_, _, middle), (_, begins, end) = film.chapters
    first, second = film.at(middle - 0.8), film.at(end - CARD_S - 0.5)
    assert first.max() - first.min() > 100
    assert np.abs(first - second).mean() > 4
    inks = [np.abs(film.at(t) - film.at(begins)).mean() for t in np.linspace(begins + 1.0, end - CARD_S - 0.5, 12)]
    assert sum(other > one + 0.5 for one, other in pairwise(inks)) >= 4, "three points and a picture appear"
    assert all(other > one - 0.7 for one, other in pairwise(inks)), "nothing goes before the slide does"


def test_the_film_ends_with_a_card_that_says_what_is_synthetic(film: Film) -> None:
    last = film.at(film.end["duration_s"] - 0.3)
    assert np.abs(last - film.at(film.chapters[-1][1] + 1.5)).mean() > 3
    assert "synthetic" in (film.folder / "transcript.txt").read_text()


def test_the_narration_is_understood(film: Film, tmp_path: Path) -> None:
    assert word_error_rate(film, tmp_path) <= 0.12


# What stands on slides.


def slides_of(text: str, folder: Path) -> list[dict[str, Any]]:
    folder.mkdir(exist_ok=True)
    (folder / "deck.md").write_text(text)
    found: list[dict[str, Any]] = []
    card = load_catalog()["slides"]
    task = Task({"file": folder / "deck.md"}, folder, on_item=lambda value, _: found.append(value))
    runtime_class(card.adapter)(card, 1).run(task)
    return found


def test_rules_part_slides_and_headings_do_where_there_are_none() -> None:
    ruled = read_deck("# One\n\na\n\n---\nno title\n---\n## Three\n## Four\n")
    assert [slide.title for slide in ruled.slides] == ["One", "", "Three"]
    headed = read_deck("# One\na\n## Two\n### Deeper\nb\n# Three")
    assert [slide.title for slide in headed.slides] == ["One", "Two", "Three"]


def test_a_rule_or_a_note_inside_code_is_code() -> None:
    deck = read_deck("# A\n```\n---\nNote: code\n```\nNote: said")
    assert len(deck.slides) == 1
    assert deck.slides[0].blocks[0]["text"] == "---\nNote: code"
    assert deck.slides[0].notes == "said"


@pytest.mark.parametrize(
    "notes", ["Note: Say this.", "Notes: Say this.", "???\nSay this.", "<!-- Say this. -->", "Speaker notes: Say this."]
)
def test_notes_in_every_custom_are_not_shown(notes: str) -> None:
    (slide,) = read_deck(f"# A\n- b\n{notes}\n").slides
    assert slide.notes == "Say this."
    assert [block["says"] for block in slide.blocks] == ["b"]


def test_options_of_slide_programs_are_not_spoken() -> None:
    (slide,) = read_deck("---\nmarp: true\ntitle: T\n---\n<!-- _class: lead -->\n# A\n").slides
    assert slide.notes == ""


def test_a_table_appears_row_by_row_and_a_nested_point_with_its_own(tmp_path: Path) -> None:
    (slide,) = slides_of("# A\n- one\n  - below\n- two\n\n| x | y |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n", tmp_path)
    assert [block["step"] for block in slide["blocks"]] == [1, 1, 2, 3]
    assert slide["steps"] == 5


@pytest.mark.parametrize(
    ("name", "content"), [("a.md", ""), ("a.md", "\n\n---\n"), ("a.pdf", "# A"), ("a.md", "\x00\x01")]
)
def test_what_holds_no_slides_is_refused_by_name(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    card = load_catalog()["slides"]
    with pytest.raises(InputError, match=re.escape(name)):
        runtime_class(card.adapter)(card, 1).run(Task({"file": tmp_path / name}, tmp_path))


HUGE = "# " + "Long title " * 30 + "\n" + "\n".join(f"- point {i} " + "word " * 12 for i in range(30))
DECKS = [
    "# Only a title",
    "text without a title",
    HUGE,
    "# A\n```python\n" + "x = 1\n" * 60 + "```",
    "# لماذا السماء\n- زرقاء 🌊",
    "# T\n|a|b|\n|-|-|\n" + "|x|y|\n" * 40,
    "# I\n![a moon](https://example.org/moon.png)\n- point",
    "# <script>alert(1)</script>\n- & < >",
    "# E\n![](data:image/png;base64,AAAA)",
]


@pytest.mark.parametrize("number", range(len(DECKS)))
@pytest.mark.parametrize("size", [(640, 360), (320, 240)])
def test_anything_fits_above_the_captions(tmp_path: Path, number: int, size: tuple[int, int]) -> None:
    (slide,) = slides_of(DECKS[number], tmp_path)
    unit = size[1] / 360
    for piece in arrange(slide, THEMES["paper"], *size, 1):
        if piece.step:
            assert piece.y + piece.height <= (BOTTOM + 14) * unit
            assert piece.x + piece.width <= size[0] - 4 * unit


@pytest.mark.parametrize("theme", THEMES)
def test_themes_are_readable(theme: str) -> None:
    from murakkab_runtimes.image.palettes import contrast

    colours = THEMES[theme]
    for ground in (colours.top, colours.bottom, colours.panel):
        assert contrast(colours.ink, ground) >= 7
        assert contrast(colours.muted, ground) >= 4.2


def test_code_is_set_in_a_font_of_one_width() -> None:
    widths = [lay_out([{"text": text, "code": True}], Look(40, "#ffffff"), 1e6).width for text in ("iiii", "MMMM")]
    assert widths[0] == pytest.approx(widths[1])


# What is said, and when.


def test_points_appear_with_the_words_that_speak_of_them() -> None:
    lines = ["First the Moon pulls the water.", "Nothing else happens for a while.", "Then the Earth turns below it."]
    assert reveals(lines, ["The Moon pulls", "The Earth turns"]) == [
        [{"step": 1, "word": 2}],
        [],
        [{"step": 2, "word": 2}],
    ]


def test_points_that_nobody_speaks_of_appear_all_the_same_in_order() -> None:
    found = reveals(["One thing.", "Another thing."], ["alpha", "beta", "gamma", "delta"])
    assert [r["step"] for line in found for r in line] == [1, 2, 3, 4]
    assert all(line for line in found)


def test_short_sentences_are_spoken_together() -> None:
    assert lines_of("Yes. It is so. " + "This sentence is long enough to stand for itself.") == [
        "Yes. It is so. This sentence is long enough to stand for itself."
    ]


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [
        ("Coffee is grown in 70 countries.", True),
        ("Coffee is grown in 90 countries.", False),
        ("Coffee is not grown in 70 countries.", False),
        ("Coffee is grown in 70 countries by Brazilian farmers with machines.", False),
        ("Coffee is popular.", False),
    ],
)
def test_a_worded_point_says_what_it_said(sentence: str, kept: bool) -> None:
    assert faithful(sentence, "grown in 70 countries", "Coffee") is kept
