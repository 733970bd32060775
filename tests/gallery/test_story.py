"""The workflow ``story`` from a prompt to a film."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from murakkab_runtimes.base import InputError, Task, runtime_class
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.image.scene import picture, plan
from murakkab_runtimes.text.forms.plot import plot
from murakkab_runtimes.text.forms.story import fits, pronouns_of
from murakkab_runtimes.text.premise import first_sentence, past, read_premise
from murakkab_runtimes.video.still_shots import drift, view
from tests.gallery.film import (
    Film,
    check_captions,
    check_every_segment_decodes,
    check_is_whole,
    make,
    word_error_rate,
)

PROMPTS = (Path(__file__).parents[2] / "examples" / "story" / "prompts.txt").read_text().splitlines()
FOX, DURATION, SEED = PROMPTS[0], 25, 4


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    runs = tmp_path_factory.mktemp("story") / "runs"
    return make(runs, "story", "--prompt", FOX, "--duration", str(DURATION), "--seed", str(SEED))


def test_the_film_is_whole_and_about_as_long_as_asked(film: Film) -> None:
    check_is_whole(film)
    check_every_segment_decodes(film)
    assert 0.7 * DURATION < film.end["duration_s"] < 1.5 * DURATION


def test_captions_are_what_is_told(film: Film) -> None:
    check_captions(film)


def test_the_story_is_about_the_prompt_from_its_first_sentence_on(film: Film) -> None:
    assert "a fox who was afraid of the dark" in film.lines[1]
    assert all("fox" in line.lower() for line in film.lines)
    assert len(set(film.lines)) == len(film.lines) >= 5


def test_the_model_finished_sentences_of_its_own(film: Film) -> None:
    spares = {beat["spare"] for scene in scenes(FOX, SEED) for beat in scene["beats"]}
    assert [line for line in film.lines if line not in spares]


def test_it_says_that_a_machine_told_it(film: Film) -> None:
    assert "machine" in film.lines[0]
    assert "synthetic" in (film.folder / "transcript.txt").read_text()


def test_every_scene_is_a_chapter_with_a_picture_of_its_own(film: Film) -> None:
    assert len(film.chapters) == len(scenes(FOX, SEED)) >= 3
    shown = [film.at((start + end) / 2) for _, start, end in film.chapters]
    for number, one in enumerate(shown):
        assert one.std() > 12, "nearly one colour"
        for other in shown[number + 1 :]:
            assert np.abs(one - other).mean() > 5


def test_the_camera_moves_slowly_and_never_jumps_within_a_scene(film: Film) -> None:
    _, start, end = film.chapters[1]
    times = np.arange(start + 0.8, end - 0.8, 1 / 12)
    steps = [np.abs(film.at(b) - film.at(a)).mean() for a, b in pairwise(times)]
    assert max(steps) < 4
    assert np.abs(film.at(times[-1]) - film.at(times[0])).mean() > 1.5


def test_words_are_understood(film: Film, tmp_path: Path) -> None:
    assert word_error_rate(film, tmp_path) <= 0.12


def test_equal_seeds_tell_equal_stories(film: Film, tmp_path: Path) -> None:
    card = load_catalog()["smollm2"]
    model = runtime_class(card.adapter)(card, 1)
    told: list[str] = []
    state = None
    for scene in scenes(FOX, SEED):
        arguments = {"form": "story", "scene": scene}
        task = Task(
            arguments, tmp_path, card.knobs, SEED, previous=state, on_item=lambda line, _: told.append(line["text"])
        )
        state = model.run(task).value  # type: ignore[union-attr]
    model.close()
    assert told == film.lines


# What the program plans.


def scenes(prompt: str, seed: int, duration: float = DURATION) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    arguments = {"prompt": prompt, "duration": duration}
    plot(Task(arguments, Path(), seed=seed, on_item=lambda value, _: found.append(value)), None)  # type: ignore[arg-type]
    return found


STRANGE = [
    "🦊🌙",
    "لماذا السماء زرقاء؟",
    "<script>alert(1)</script>",
    "a" * 5000,
    "$(touch pwned) {the}",
    "why?",
    "Bob",
]


@pytest.mark.parametrize("prompt", [*PROMPTS, *STRANGE])
@pytest.mark.parametrize("duration", [20, 60, 300])
def test_any_prompt_gets_a_plot_that_begins_ends_and_can_be_told(prompt: str, duration: float) -> None:
    found = scenes(prompt, 3, duration)
    assert [scene["index"] for scene in found] == list(range(found[0]["count"]))
    for scene in found:
        for beat in scene["beats"]:
            assert beat["spare"].startswith(beat["stem"].removesuffix(", and").removesuffix(" that")[:20])
            assert re.fullmatch(r"[^{}<>]+[.]", beat["spare"])
    assert found[-1]["beats"][-1]["spare"].startswith("And that was the story of ")


def test_long_stories_have_more_scenes_and_their_adventures_differ() -> None:
    found = scenes(FOX, 1, 300)
    assert len(found) > 3 * len(scenes(FOX, 1, 25))
    stems = [beat["stem"] for scene in found for beat in scene["beats"] if "found" in beat["stem"]]
    assert len(set(stems)) == len(stems) >= 5


def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(InputError, match="--prompt"):
        scenes("  ", 1)


@pytest.mark.parametrize(
    ("prompt", "hero", "begins"),
    [
        (FOX, "the fox", "there lived a fox who was afraid of the dark."),
        (PROMPTS[1], "the lighthouse keeper", "there lived a lighthouse keeper and a whale."),
        ("Write a story about the brave little snail who wants to win a race", "the brave little snail",
         "there lived a brave little snail who wanted to win a race."),
        ("dragons", "the dragon", "there lived a dragon."),
        ("Alice and the last train to the sea", "Alice", "there lived Alice."),
    ],
)  # fmt: skip
def test_the_hero_is_who_the_prompt_names(prompt: str, hero: str, begins: str) -> None:
    premise = read_premise(prompt, random.Random(1))
    assert premise.the == hero
    assert first_sentence(premise, "by the sea").endswith(begins)


@pytest.mark.parametrize(
    ("verb", "told"),
    [("is", "was"), ("loves", "loved"), ("cries", "cried"), ("watches", "watched"), ("finds", "found"), ("red", "")],
)
def test_verbs_are_told_in_the_past(verb: str, told: str) -> None:
    assert past(verb) == told


STEM = "One day, the fox"
TOLD = ["The fox. A story.", "Every morning, the fox ran as fast as he could."]


@pytest.mark.parametrize(
    ("sentence", "good"),
    [
        ("One day, the fox found a quiet pond behind the old mill.", True),
        ("One day, the fox found what she had lost behind the mill.", False),
        ("One day, the fox met Benjamin behind the old mill.", False),
        ("One day, the fox killed everybody behind the old mill.", False),
        ("One day, the fox ran as fast as he could every morning.", False),
        ("One day, the fox zibbled behind the old mill.", False),
        ("One day, the fox told me that I was wrong.", False),
        ("Later the fox found a quiet pond behind the mill.", False),
    ],
)
def test_only_good_sentences_are_told(sentence: str, good: bool) -> None:
    scene = {"about": FOX, "hero": "the fox", "pronouns": ""}
    assert fits(sentence, STEM, scene, TOLD) is good


def test_the_first_pronoun_stays() -> None:
    assert [pronouns_of(TOLD), pronouns_of(["She ran."]), pronouns_of(["It ran."])] == ["he", "she", ""]


# What is drawn and how the camera goes.


def test_pictures_show_the_hero_and_what_is_told_of() -> None:
    for scene in scenes(FOX, 1, 60):
        drawn = plan(scene["picture"], 1, (scene["index"],))
        assert "fox" in drawn.objects
        assert drawn.standing
    named = {word for scene in scenes(FOX, 1, 60) for word in scene["picture"]["keywords"]}
    assert named & {name for s in scenes(FOX, 1, 60) for name in plan(s["picture"], 1, (0,)).objects} - {"fox"}


def test_heroes_stand_before_the_landscape() -> None:
    section = {"keywords": ["forest", "fox", "sun"], "mood": "calm", "composition": "standing"}
    with_fox = picture(plan(section, 1, (0,)), 160, 90).toarray().astype(int)
    without = picture(plan({**section, "keywords": ["forest", "sun"]}, 1, (0,)), 160, 90).toarray().astype(int)
    changed = np.abs(with_fox - without).max(axis=2) > 40
    assert changed[40:82, 55:105].mean() > 0.15
    assert changed[40:82, 55:105].mean() > 2 * changed[40:75, :30].mean()


@pytest.mark.parametrize("seed", range(20))
def test_a_camera_alternates_between_far_and_near_and_stays_inside(seed: int) -> None:
    views = [view(seed, number) for number in range(6)]
    for (one, *_), (other, x, y) in pairwise(views):
        assert abs(one - other) > 0.02
        assert max(abs(x), abs(y)) <= 1
    assert all(abs(v) <= 1 for number in range(100) for v in drift(number))
