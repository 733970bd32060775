from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murakkab_runtimes.speech.spoken_text import LONGEST_WORD, spoken_text


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("See https://www.example.com/a/b?x=1, please.", "See example dot com, please."),
        ("Mail a.b@host.org now", "Mail a dot b at host dot org now"),
        ("# Title\n- **bold** [link](http://x.y) <b>hi</b>", "Title\nbold link hi"),
        ("I ❤️ tea 😀!", "I tea !"),
        ("café in Łódź", "cafe in Lodz"),
        ("Москва", "moskva"),
        ("北京 is big", "bei jing is big"),
        ("The word שלום עולם means hello", "The word this topic means hello"),
        ("مرحبا", "this topic"),
        ("٣٤٥ and x²", "345 and x squared"),
        ("😀 ∀", ""),
        ("$5, 10% & 7:30 pm", "$5, 10% & 7:30 pm"),
    ],
)
def test_text_becomes_sayable(written, said):
    assert spoken_text(written) == said


@given(st.text(max_size=60))
def test_nothing_unsayable_is_left(text):
    said = spoken_text(text)
    assert all(len(word) <= LONGEST_WORD for word in said.split())
    assert not any(
        unicodedata.category(c) in ("Cc", "Cs", "Co", "So", "Mn") for c in said.replace("\n", "") if c != "°"
    )
    assert spoken_text(said) == said or not said.isascii() or any(c in said for c in "<#-*+>@.[/")


def test_a_hidden_pronunciation_is_not_obeyed():
    assert spoken_text("[good](/bˈæd/) day") == "good day"
