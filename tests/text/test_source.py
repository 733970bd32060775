"""Scripts that stay with a document."""

import re

import pytest

from murakkab_runtimes.base import InputError
from murakkab_runtimes.text.bounded import keeps_facts
from murakkab_runtimes.text.source import Source, supported
from murakkab_runtimes.tools.documents import read_document
from tests.text.episode import sections_of, write
from tests.text.worth_hearing import faults_of

TEXT = """The lighthouse of Varn

The lighthouse of Varn is a stone tower on the northern edge of the island. It was built by the harbour guild between
1781 and 1786, and it stands 41 metres above the sea. The first keeper, Elsbet Maar, kept a diary for thirty years.

In 1834 a storm broke the great lamp and the tower stood dark for eleven weeks. Fishermen lit fires on the cliffs to
guide the boats home. The guild paid for a new lamp with a tax on salt.

Whale oil was the fuel of the first lamp. The guild changed to paraffin in 1869 because whale oil had become too dear.
Electric light reached the tower in 1931, and the last keeper left in 1974.

Seabirds are a danger to the glass of the lantern room. Keepers hung nets around the gallery every spring. The nets were
woven by families in the village, who were paid in candles.

Today the tower is a museum with a small library. Visitors climb 162 steps to the gallery. The diary of Elsbet Maar lies
open on a table near the door.
"""


@pytest.fixture
def reading(tmp_path):
    path = tmp_path / "varn.txt"
    path.write_text(TEXT)
    return read_document(path)


def test_every_answer_is_in_its_passage(smollm2, tmp_path, reading):
    script = write(smollm2, tmp_path, topic="", source=reading, duration=90)
    assert faults_of(script, {"Claire", "Joe"}) == []
    answers = script.of("answer")
    assert len(answers) >= 3
    passages = {p["id"]: p["text"] for p in reading["passages"]}
    for turn in answers:
        assert passages[turn["passage"]["id"]] == turn["passage"]["text"]
        document = set(re.findall(r"\w+", TEXT.lower()))
        assert set(re.findall(r"\w+", turn["text"].lower())) <= document
    assert script.turns[0]["episode"] == "The lighthouse of Varn"
    assert all(s["grounded"] for s in script.sections)
    assert not any("mistakes" in t for t in script.texts)


def test_a_topic_chooses_the_passages(smollm2, tmp_path, reading):
    script = write(smollm2, tmp_path, topic="seabirds and nets", source=reading, duration=30)
    assert any("nets" in t["text"].lower() for t in script.of("answer"))


def test_a_short_document_gives_a_shorter_episode_and_says_so(smollm2, tmp_path, reading):
    script = write(smollm2, tmp_path, topic="", source=reading, duration=1200)
    assert "shorter" in script.note
    assert script.turns[-1]["kind"] == "closing"
    assert faults_of(script, {"Claire", "Joe"}) == []


def test_retrieval_finds_the_passage_that_shares_rare_words():
    texts = ["Bees make honey in summer.", "Ships carry salt and timber.", "Glass is made from sand."]
    source = Source({"title": "", "passages": [{"id": i, "text": t, "page": 7} for i, t in enumerate(texts)]})
    assert [p["id"] for p in source.top("which ship carried timber", 1)] == [1]
    assert source.top("quantum", 2) == []


def test_a_document_without_sentences_is_refused(smollm2, tmp_path):
    source = {"title": "numbers", "passages": [{"id": 0, "text": "12 44 19 | 8 | 9", "page": None}], "words": 6}
    with pytest.raises(InputError, match="no full sentences"):
        sections_of(smollm2, tmp_path, topic="", source=source)


@pytest.mark.parametrize(
    ("short", "kept"),
    [
        ("The mill closed in 1912.", True),
        ("The mill closed in 1921.", False),
        ("The mill never closed.", False),
        ("The mill, built by monks, closed.", True),
    ],
)
def test_shortening_may_only_leave_words_out(short, kept):
    assert keeps_facts(short, "The mill, which was built by monks, closed in 1912.") is kept
    assert not keeps_facts("The mill was closed.", "The mill was not closed.")


def test_support_needs_figures_names_and_words():
    passage = ["In 1834 a storm broke the great lamp of Varn."]
    assert supported("A storm broke the lamp in 1834.", passage)
    assert not supported("A storm broke the lamp in 1835.", passage)
    assert not supported("A storm broke the lamp of Oslo.", passage)
    assert not supported("Kings often travelled by carriage.", passage)
