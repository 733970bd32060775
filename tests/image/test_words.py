"""Which motifs a section's words call for."""

from __future__ import annotations

import pytest

from murakkab_runtimes.image.motifs.repertoire import MOTIFS
from murakkab_runtimes.image.scene import plan
from murakkab_runtimes.image.words import VOCABULARY, matching, stem, stems


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Why the moon makes tides", {"moon", "sea"}), ("How volcanoes erupt", {"volcano"}),
        ("The history of coffee", {"cup"}), ("How brains learn", {"brain"}), ("Bees and flowers", {"bee", "flower"}),
        ("Building the railways", {"train"}), ("Deep in the forests", {"forest"}),
        ("Black holes and galaxies", {"stars"}),
        ("What money is", {"coin"}), ("Inside a living cell", {"cell"}), ("The city at night", {"city", "stars"}),
        ("Jazz and harmony", {"note"}), ("Castles and knights", {"castle"}), ("Glaciers", {"mountains"}),
        ("HEARTS", {"heart"}), ("Rockets", {"rocket"}), ("The double helix of DNA", {"dna"}), ("Clocks", {"clock"}),
        ("Sailing ships", {"ship"}), ("Cameras", {"camera"}), ("<b>Fish</b>", {"fish"}), ("Robots", {"robot"}),
    ],
)  # fmt: skip
def test_titles_call_for_what_they_speak_of(title: str, expected: set[str]) -> None:
    assert expected <= set(matching({"title": title}))


@pytest.mark.parametrize("title", ["", "Zyx qwrt", "How and why it is made", "Welcome", "<castle>", "&sea;", "12 34"])
def test_words_that_say_nothing_call_for_nothing(title: str) -> None:
    assert matching({"title": title}) == []


def test_the_title_outweighs_the_topic() -> None:
    found = matching({"title": "The rocket", "topic": "bread"})
    assert found.index("rocket") == 0


def test_the_topic_counts_where_the_title_says_nothing() -> None:
    assert matching({"title": "Welcome", "topic": "Volcanoes"})[0] == "volcano"


def test_keywords_count() -> None:
    assert "cat" in matching({"title": "", "keywords": ["cats", "dogs"]})


def test_forms_of_a_word_share_a_stem() -> None:
    for forms in (
        ["bee", "bees"],
        ["railway", "railways"],
        ["city", "cities"],
        ["wave", "waves"],
        ["glass", "glasses"],
    ):
        assert len({stem(form) for form in forms}) == 1, forms
    assert stems("Café <i>CAFÉ</i> cafe\u0301s") == ["caf"] * 3


def test_every_word_of_the_table_belongs_to_a_motif() -> None:
    assert set(VOCABULARY) <= set(MOTIFS)


def test_every_motif_is_called_for_by_some_word() -> None:
    from murakkab_runtimes.image.motifs.drawings import words
    from murakkab_runtimes.image.scene import PLAIN_GROUNDS

    spare = {name for names in PLAIN_GROUNDS.values() for name in names}
    assert set(MOTIFS) == set(VOCABULARY) | set(words()) | spare


def test_a_picture_holds_at_most_three_objects() -> None:
    crowded = "bee cat castle rocket robot heart clock ship camera train"
    assert len(plan({"title": crowded}, 1, ()).objects) == 3
