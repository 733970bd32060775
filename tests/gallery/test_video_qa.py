"""The workflow ``video-qa`` from a film and a question to an answer with its time, on the examples that are shipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from murakkab_runtimes.base import InputError, Task
from murakkab_runtimes.tools.asked import best_line
from murakkab_runtimes.tools.grounding import NOT_THERE, holds
from murakkab_runtimes.tools.passages_of_video import said_passages, shown_passages
from tests.gallery.working import EXAMPLES, adapter, run, value

FILM = EXAMPLES / "video-qa" / "station.mp4"
SLIDES = yaml.safe_load((EXAMPLES / "video-qa" / "station.yaml").read_text())["slides"]
QUESTIONS = yaml.safe_load((EXAMPLES / "video-qa" / "questions.yaml").read_text())["questions"]


def looked_at(film: Path, folder: Path) -> dict[str, Any]:
    """What the steps before the question find in a film."""
    frames: list[dict[str, Any]] = []
    sampler, ocr = adapter("frames"), adapter("rapidocr")
    sampler.run(Task({"file": film}, folder, sampler.card.knobs, on_item=lambda frame, _: frames.append(frame)))
    shown = [value(ocr, folder, image=frame["image"]) for frame in frames]
    said = value(adapter("whisper"), folder, audio=film, form="sentences")["segments"]
    return {"frames": frames, "shown": shown, "said": said}


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return looked_at(FILM, tmp_path_factory.mktemp("station"))


@pytest.fixture(scope="module")
def ask(station, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("ask")
    evidence, grounding = adapter("evidence"), adapter("grounding")

    def answer(question: str, *answers: str) -> dict[str, Any]:
        found = value(evidence, folder, question=question, **station)
        given = [{"text": text} for text in answers]
        return value(grounding, folder, question=question, answers=given, evidence=found)

    return answer


def test_a_question_is_answered_with_a_quotation_and_its_time(tmp_path) -> None:
    code, end, messages = run(
        tmp_path, "video-qa", "--video", str(FILM), "--question", "What does the new hut cost?", "--seed", "1"
    )
    assert code == 0, messages
    assert "9,500" in end["outputs"]["answer"]
    assert (end["outputs"]["quote"], end["outputs"]["at"]) == ("Cost of the new hut: 9,500 euros", "0:25")
    assert end["outputs"]["evidence"][0]["kind"] == "shown"
    code, end, messages = run(
        tmp_path, "video-qa", "--video", str(FILM), "--question", "How many penguins were counted?"
    )
    assert code == 0, messages
    assert end["outputs"] == {"answer": NOT_THERE, "at": None, "quote": None, "evidence": []}


def test_every_slide_is_found_and_read(station) -> None:
    assert [text["text"].splitlines() for text in station["shown"]] == [
        [slide["heading"], *slide["lines"]] for slide in SLIDES
    ]
    assert [frame["why"] for frame in station["frames"]] == ["first", *["scene"] * (len(SLIDES) - 1)]


@pytest.mark.parametrize(("number", "least"), [(1, 1.0), (2, 0.75), (3, 0.66)])
def test_most_questions_are_answered_from_the_evidence_alone(ask, number: int, least: float) -> None:
    right = []
    for one in QUESTIONS:
        if one["set"] == number and one["video"].endswith(FILM.name):
            found = ask(one["ask"])
            held = any(word in found["answer"].lower() for word in map(str.lower, one["answer"] or ()))
            right.append(held if one["answer"] else not found["found"])
    assert len(right) >= 12
    assert sum(right) >= least * len(right)


def test_nothing_is_answered_that_the_film_does_not_hold(ask) -> None:
    absent = [one["ask"] for one in QUESTIONS if one["answer"] is None and one["video"].endswith(FILM.name)]
    assert len(absent) == 9
    wrong = [question for question in absent if ask(question, "It was 12 penguins.")["found"]]
    assert len(wrong) <= 1


def test_an_invented_answer_gives_way_to_the_quotation(ask) -> None:
    found = ask("What does the new hut cost?", "The new hut costs 12 euros.")
    assert (found["answer"], found["by"]) == ("Cost of the new hut: 9,500 euros", "quote")
    assert found["refused"] == ["The new hut costs 12 euros."]
    found = ask(
        "What does the new hut cost?", "It costs a lot.", "The hut costs 9,500 euros, which is cheap for Paris."
    )
    assert (found["answer"], found["by"]) == ("The hut costs 9,500 euros.", "model")


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Ruben Falk put rings on the birds.", True),
        ("Ruben Falk never put rings on the birds.", False),
        ("Martha Quill put rings on the birds.", False),
        ("Ruben Falk put rings on 60 birds.", False),
        ("The birds put rings on.", False),
    ],
)
def test_an_answer_holds_where_the_passage_says_it(answer: str, right: bool) -> None:
    line = "Ruben Falk put rings on 40 young birds."
    assert holds(answer, "Who put rings on the birds?", line, line) is right


def test_the_line_that_tells_the_kind_of_thing_asked_for_is_quoted() -> None:
    passages = [{"parts": ["The storm destroyed the hut.", "The storm of 14 June"], "share": 1.0}]
    assert best_line("When was the storm?", passages)[0] == "The storm of 14 June"
    assert best_line("What did the storm destroy?", passages)[0] == "The storm destroyed the hut."


def test_a_name_that_is_heard_is_written_as_it_is_shown() -> None:
    frames, lines = [{"time": 0.0}, {"time": 4.0}], {"text": "", "lines": [{"text": "Team: Ruben Falk"}]}
    shown = shown_passages(frames, [lines, lines], 9.0)
    assert [(p.start, p.end) for p in shown] == [(0.0, 9.0)]
    (said,) = said_passages([{"start": 1.0, "end": 2.0, "text": "Here Ruben Fauk meets Anna."}], shown)
    assert said.text == "Here Ruben Falk meets Anna."


def test_a_picture_that_is_none_is_named(tmp_path) -> None:
    (tmp_path / "odd.png").write_text("no picture")
    with pytest.raises(InputError, match=r"odd\.png cannot be read as a picture"):
        value(adapter("rapidocr"), tmp_path, image=tmp_path / "odd.png")


def test_without_its_extra_there_is_no_plan(tmp_path) -> None:
    code, _, messages = run(tmp_path, "video-qa", "--video", str(FILM), "--question", "Who?", without="rapidocr")
    assert code == 3
    assert "murakkab[ocr]" in messages
