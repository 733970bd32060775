"""Plain words to capabilities, on the shipped catalogue and on small ones."""

import math

import bm25s
import pytest
from hypothesis import given
from hypothesis import strategies as st

from murakkab.language import matching
from murakkab.language.matching import CLOSE, LEAST, Match, MatchError, choose, match_task, terms
from murakkab_optimizer.catalog import Capability, Form
from murakkab_runtimes.catalog import load_capabilities
from tests.language.phrases import HARD, HELD_OUT, REFUSED, SEEN, TUNED

KNOWN = load_capabilities()
WORDS = sorted({word for phrase in [*TUNED, *SEEN, *HELD_OUT, *REFUSED, *HARD] for word in phrase.split()})


def understood(phrase, given=None):
    """What the phrase is taken for; None where the person is asked."""
    try:
        found = choose(phrase, KNOWN, given)
    except MatchError:
        return None
    return f"{found.capability}:{found.form}" if found.form else found.capability


def outcome(phrase):
    try:
        return choose(phrase, KNOWN)
    except MatchError as fault:
        return fault


def needed(meant):
    """The arguments that someone gives who means this capability."""
    name, _, form = meant.partition(":")
    takes = KNOWN[name].forms[form].takes if form else KNOWN[name].takes
    return [argument for argument in takes if not argument.endswith("?")]


def rates(phrases):
    """How many phrases are understood beside their arguments, and which are taken for something else."""
    found = {phrase: understood(phrase, needed(meant)) for phrase, meant in phrases.items()}
    right = [phrase for phrase, meant in phrases.items() if found[phrase] == meant]
    wrong = [phrase for phrase in phrases if found[phrase] is not None and phrase not in right]
    return len(right), wrong


def test_phrases_that_the_examples_were_written_for_are_understood():
    right, wrong = rates(TUNED)
    assert right >= 0.94 * len(TUNED)
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize("phrases", [SEEN, HELD_OUT])
def test_other_phrases_are_rather_asked_about_than_taken_for_something_else(phrases):
    right, wrong = rates(phrases)
    assert right >= 0.5 * len(phrases)
    assert len(wrong) <= 2, wrong


def test_arguments_tell_apart_what_words_do_not():
    words = "the words of the picture"
    both = {
        "speak": Capability("speak", "Speaks the words of the picture.", takes={"text": "text", "voice?": "text"}),
        "see": Capability("see", "Describes the words of the picture.", takes={"image": "image"}),
    }
    with pytest.raises(MatchError, match="several things"):
        choose(words, both)
    assert choose(words, both, ["text", "voice"]).capability == "speak"
    assert choose(words, both, ["image"]).capability == "see"
    assert choose(f"describes {words}", both, ["imgae"]).capability == "see", "it is sure enough"
    with pytest.raises(MatchError, match="those that do take other arguments"):
        choose("describes words on paper", both, ["volume"])
    quiet = both | {"dim": Capability("dim", "Dims the light.")}
    assert choose("dims the light of the picture", quiet, ["volume"]).capability == "dim", "it may take anything"


def test_a_capability_goes_before_its_own_forms():
    sing = Capability("sing", "Sings a song.", forms={"round": Form(description="Sings a song with others.")})
    assert choose("sing a song", {"sing": sing}).form == ""
    assert choose("sing a round with others", {"sing": sing}).form == "round"


@pytest.mark.parametrize("phrase", REFUSED)
def test_what_nothing_does_is_refused(phrase):
    with pytest.raises(MatchError, match="no capability matches"):
        choose(phrase, KNOWN)


TWO = {
    "sing": Capability("sing", "Sings a song.", ("sing the song loudly",)),
    "play": Capability("play", "Plays a song.", ("play the song loudly",)),
}


def test_an_error_lists_the_candidates_with_their_scores():
    with pytest.raises(MatchError, match=r"well enough \(0\.0\d; 0\.30 is needed\)") as caught:
        choose("loudly polish the brown leather shoes", TWO)
    found = caught.value.candidates
    assert [match.capability for match in found] == ["play", "sing"]
    assert all(str(match) in str(caught.value) for match in found)
    with pytest.raises(MatchError, match="with one of play, sing") as caught:
        choose("xyzzy", TWO)
    assert caught.value.candidates == ()


def test_words_that_fit_two_capabilities_nearly_as_well_are_ambiguous():
    with pytest.raises(
        MatchError, match=r"several things; write capability: with one of play \d\.\d\d, sing"
    ) as caught:
        choose("the song", TWO)
    first, second = caught.value.candidates
    assert second.score >= CLOSE * first.score
    assert choose("sing the song", TWO).capability == "sing"


def test_the_order_of_words_counts():
    assert choose("speech to text", KNOWN).capability == "automatic-speech-recognition"
    assert choose("text to speech", KNOWN).capability == "text-to-speech"


def test_a_form_is_found_by_its_own_words():
    found = choose("write a dialogue between the hosts", KNOWN)
    assert (found.capability, found.form) == ("text-generation", "dialogue")
    assert str(found).startswith("text-generation (form: dialogue) 0.")
    hidden = {"a": Capability("a", "Does a thing.", forms={"quiet": Form()})}
    assert {match.form for match in match_task("quiet thing", hidden)} == {""}


def test_a_capability_that_only_a_card_names_is_found_by_what_the_card_says():
    assert choose("measure loudness", {"meter": Capability("meter", "Measures the loudness.")}).capability == "meter"
    assert match_task("function", {"function": Capability("function", "Calls a function.")}) == []
    assert match_task("anything", {}) == []


@given(st.lists(st.sampled_from(WORDS), max_size=8), st.randoms(use_true_random=False))
def test_scores_are_shares_and_depend_on_nothing_but_the_words(words, chance):
    phrase = " ".join(words)
    found = match_task(phrase, KNOWN)
    assert all(0 < match.score <= 1 for match in found)
    mixed = list(KNOWN.items())
    chance.shuffle(mixed)
    assert match_task(phrase, dict(mixed)) == found
    close = [match for match in found if match.score >= CLOSE * found[0].score]
    match outcome(phrase):
        case Match() as chosen:
            assert chosen in close
            assert found[0].score >= LEAST
            assert {other.capability for other in close} == {chosen.capability}
        case MatchError() as fault:
            assert fault.candidates == tuple(found[:5])


@pytest.mark.parametrize("phrase", ["narrate the script in two voices", "read the pdf", "picture picture of the text"])
def test_the_ranking_is_that_of_bm25s(phrase):
    texts = {
        (c.name, form): [t for part in said for t in terms(part)] for c in KNOWN.values() for form, said in _said(c)
    }
    index = bm25s.BM25(k1=matching.K1, b=matching.B, method="lucene")
    index.index(list(texts.values()), show_progress=False)
    wanted = sorted({term for term in terms(phrase) if term in index.vocab_dict})
    theirs = dict(zip(texts, map(float, index.get_scores(wanted)), strict=True))
    ours = {(match.capability, match.form): match.score for match in match_task(phrase, KNOWN)}
    assert ours.keys() == {key for key, score in theirs.items() if score > 0}
    best = max(ours, key=lambda key: ours[key])
    for key, score in ours.items():
        assert math.isclose(score / ours[best], theirs[key] / theirs[best], abs_tol=0.005)


def _said(capability):
    yield "", [capability.name, capability.description, *capability.examples]
    for name, form in capability.forms.items():
        if form.description:
            yield name, [name, form.description, *form.examples]


def test_a_match_reads_as_a_line():
    assert str(Match("text-to-speech", "", 0.5)) == "text-to-speech 0.50"
