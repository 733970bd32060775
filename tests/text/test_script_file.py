"""Finished scripts: read, checked, written and performed as they stand."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murakkab_runtimes.base import InputError
from murakkab_runtimes.text.script_file import load_script, parse_script, render_script
from tests.text.episode import CAST, sections_of, write

TEXT = """# Small clocks

CLAIRE: Hello, and welcome to a talk about
small clocks.
JOE: Tick, tock.

# Goodbye
**Claire:** That was all: goodbye.
"""


def test_a_script_is_performed_as_it_stands(smollm2, tmp_path):
    path = tmp_path / "clocks.md"
    path.write_text(TEXT)
    script = write(smollm2, tmp_path, topic="", script=path)
    assert [(t["speaker"], t["host"], t["text"]) for t in script.turns] == [
        ("Claire", 0, "Hello, and welcome to a talk about small clocks."),
        ("Joe", 1, "Tick, tock."),
        ("Claire", 0, "That was all: goodbye."),
    ]
    assert [s["title"] for s in script.sections] == ["Small clocks", "Goodbye"]
    assert [t["voice"] for t in script.turns] == ["female-1", "male-1", "female-1"]


def test_speakers_are_hosts_by_name_then_in_order(tmp_path):
    path = tmp_path / "s.txt"
    path.write_text("Guest: One.\nJoe: Two.\nGuest: Three.\n")
    assert [line.host for line in load_script(path, ["Claire", "Joe"])] == [0, 1, 0]


def test_plain_paragraphs_alternate(tmp_path):
    path = tmp_path / "s.txt"
    path.write_bytes("First thought.\nIt goes on.\n\nSecond thought.\n\nThird.".encode("utf-16"))
    lines = load_script(path, ["Claire", "Joe"])
    assert [(x.speaker, x.text) for x in lines] == [
        ("Claire", "First thought. It goes on."),
        ("Joe", "Second thought."),
        ("Claire", "Third."),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("JOE: Hi.\n\nwho says this\n", r"s\.txt:3: expected 'NAME: what they say'.*take all names out"),
        ("JOE: Hi.\n\nCLAIRE:\n", r"s\.txt:3: the turn has no words"),
        ("JOE: Hi.\nCLAIRE: " + "x " * 900, r"s\.txt:2: .*split it"),
        ("A: Hi.\nB: Hi.\nC: Hi.\n", r"s\.txt:3: 'C' is one speaker too many for 2 hosts"),
        ("\n\n", r"s\.txt: the script has no turns"),
        ("A: x\x00\x00", r"s\.txt: this is no text file"),
    ],
)
def test_bad_scripts_say_where_and_what(tmp_path, text, message):
    path = tmp_path / "s.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_script(path, ["Claire", "Joe"])


def test_a_missing_script_is_named(smollm2, tmp_path):
    with pytest.raises(InputError, match=r"no script at .*gone\.txt"):
        sections_of(smollm2, tmp_path, topic="", script=tmp_path / "gone.txt", cast=CAST)


NAME = st.from_regex(r"[A-Za-z][A-Za-z .'-]{0,12}[a-z]", fullmatch=True).filter(lambda n: n == " ".join(n.split()))
SAID = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=80).map(
    lambda t: " ".join(t.split())
)


@given(st.lists(st.tuples(NAME, SAID.filter(lambda t: re.search(r"[^\W_]", t))), min_size=1, max_size=6), st.booleans())
def test_parsing_is_the_inverse_of_rendering(rows, titled):
    turns = [{"speaker": n, "text": t, "title": f"Part {i // 2}" if titled else None} for i, (n, t) in enumerate(rows)]
    parsed = parse_script(render_script(turns))
    assert [{k: p[k] for k in ("speaker", "text", "title")} for p in parsed] == turns
