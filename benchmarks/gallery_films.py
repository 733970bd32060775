"""The workflows ``lecture`` and ``story``: speed of their adapters, of whole films, and how good the stories are.

    python -m benchmarks.gallery_films [--repeats 3] [--only speeds|films|stories] [--out FILE]

Speeds are processor seconds on one thread. Films are made by an engine whose workers hold the models already, one film
after another; TTFF counts from the request to the first playable segment. Stories are told by the small model alone.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.harness import spread, write
from benchmarks.podcast import word_errors
from murakkab.engine import Engine, EngineOptions
from murakkab.language import find_workflow, load_workflow
from murakkab_runtimes.base import Runtime, Task, runtime_class
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.text.words import content, tokens

EXAMPLES = Path(__file__).parents[1] / "examples"
DECK = EXAMPLES / "lecture" / "tides.md"
PROMPTS = (EXAMPLES / "story" / "prompts.txt").read_text().splitlines()
SIZES = ((640, 360), (1280, 720))
LINE = "In the open ocean the tide is barely half a metre high, and nobody on a ship would notice it."


def main() -> None:
    """Measure what is asked for, print it, write the JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--only", choices=("speeds", "films", "stories"))
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    facts: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="murakkab-bench-") as name:
        folder = Path(name)
        if given.only in (None, "speeds"):
            facts["speeds"] = speeds(folder)
        if given.only in (None, "films"):
            facts["films"] = asyncio.run(films(folder, given.repeats))
        if given.only in (None, "stories"):
            facts["stories"] = stories(folder, given.repeats)
    for part, rows in facts.items():
        for row in rows if isinstance(rows, list) else [rows]:
            print(part, row)
    print(f"written to {write('gallery_films', facts, given.out)}")


def load(name: str) -> Runtime:
    """A runtime on one thread."""
    card = load_catalog()[name]
    return runtime_class(card.adapter)(card, 1)


def run(runtime: Runtime, arguments: dict[str, Any], folder: Path, **more: Any) -> Any:  # noqa: ANN401
    """The value of one task."""
    folder.mkdir(parents=True, exist_ok=True)
    output: Any = runtime.run(Task(arguments, folder, runtime.card.knobs, 1, **more))
    return output.value


def speeds(folder: Path) -> list[dict[str, Any]]:
    """Processor seconds of a slide, and of a frame of each kind of shot."""
    slides: list[Any] = []
    run(load("slides"), {"file": DECK}, folder, on_item=lambda value, _: slides.append(value))
    speech = run(load("hibari-joe"), {"text": LINE, "voice": "female-1"}, folder / "voice")
    return [row for size in SIZES for row in speeds_at(size, slides, speech, folder / str(size[1]))]


def speeds_at(size: tuple[int, int], slides: list[Any], speech: Any, folder: Path) -> list[dict[str, Any]]:  # noqa: ANN401
    """The rows of one size of picture."""
    canvas = {"width": size[0], "height": size[1]}
    drawn, camera = load("drawn-slide"), load("moving-stills")
    for slide in slides:
        run(drawn, {"slide": slide, **canvas}, folder / "warm")

    def draw(slide: Any) -> Any:  # noqa: ANN401
        return run(drawn, {"slide": slide, **canvas}, folder / str(slide["index"]))

    pictures = [timed(draw, slide) for slide in slides]
    rows = [figure("drawn-slide", "image", size[1], [seconds for seconds, _ in pictures])]
    scene = run(load("drawn-scene"), {"section": {"title": "sea moon"}, **canvas}, folder / "scene")
    reveals = [{"step": step, "word": 4 * step} for step in range(1, 4)]
    for kind, picture, line in (("slide", pictures[1][1], {"reveals": reveals}), ("picture", scene, {})):
        arguments = {"line": {"text": LINE, **line}, "speech": speech, "picture": picture, "fps": 24, **canvas}

        def shoot(number: int, arguments: dict[str, Any] = arguments, kind: str = kind) -> Any:  # noqa: ANN401
            return run(camera, arguments, folder / f"{kind}-{number}", path=(1, number))

        shoot(0)
        times = [timed(shoot, number) for number in range(1, 8)]
        rows.append(figure(f"moving-stills ({kind})", "frame", size[1], [t / v["frames"] for t, v in times]))
    return rows


def timed(action: Callable[[Any], Any], what: Any) -> tuple[float, Any]:  # noqa: ANN401
    """Processor seconds of an action, and what it returns."""
    start = time.process_time()
    value = action(what)
    return time.process_time() - start, value


def figure(adapter: str, unit: str, height: int, times: list[float]) -> dict[str, Any]:
    """One measurement as a card states it."""
    low, _, high = statistics.quantiles(times, n=4)
    seconds, apart = round(statistics.median(times), 5), round(high - low, 5)
    return {
        "adapter": adapter,
        "unit": unit,
        "height": height,
        "seconds": seconds,
        "spread_s": apart,
        "samples": len(times),
    }


async def films(folder: Path, repeats: int) -> dict[str, Any]:
    """Whole films by warm workers: TTFF, stall, speed against real time, and what Whisper understands."""
    engine = Engine(EngineOptions(runs=folder / "runs"))
    await engine.start()
    found: dict[str, list[dict[str, float]]] = {"lecture": [], "story": []}
    try:
        for number in range(repeats + 1):
            for name, rows in found.items():
                inputs = {"slides": str(DECK)} if name == "lecture" else {"prompt": PROMPTS[number % len(PROMPTS)]}
                made = await film(engine, folder / "runs", name, inputs, number)
                if number:
                    rows.append(made)
    finally:
        await engine.close()
    return {name: {key: spread([row[key] for row in rows]) for key in rows[0]} for name, rows in found.items() if rows}


async def film(engine: Engine, runs: Path, name: str, inputs: dict[str, Any], seed: int) -> dict[str, float]:
    """Make one film."""
    run = await engine.submit(load_workflow(find_workflow(name)), inputs, seed=seed)
    turns, end = [], {}
    async for event in engine.events(run):
        turns += [event] if event["event"] == "turn.written" else []
        end = event
    if end["status"] != "succeeded":
        raise RuntimeError(f"{run}: {end['error']}")
    return {
        "ttff_s": end["ttff_s"],
        "first_speech_s": end["first_speech_s"],
        "stall_s": end["stall_s"],
        "duration_s": end["duration_s"],
        "speed": end["duration_s"] / end["made_in_s"],
        "word_error_rate": word_errors(runs / run, turns),
    }


def stories(folder: Path, repeats: int) -> dict[str, Any]:
    """Stories of a minute on all prompts: what the model contributes, and whether it keeps to the subject."""
    model = load("smollm2")
    lines = [line for seed in range(repeats) for prompt in PROMPTS for line in told(model, prompt, seed, folder)]
    scenes = {(line["story"], line["section"]) for line in lines}
    naming = {(line["story"], line["section"]) for line in lines if line["names"]}
    begun = [line for line in lines if line["stem"]]
    own = [line for line in begun if line["origin"] == "model"]
    triples = [t for story in {line["story"] for line in lines} for t in _triples(lines, story)]
    return {
        "stories": repeats * len(PROMPTS),
        "sentences": len(lines),
        "scenes_that_name_the_hero": round(len(naming) / len(scenes), 3),
        "sentences_finished_by_the_model": round(len(own) / len(begun), 3),
        "of_these_that_take_up_the_prompt_or_the_thing": round(sum(line["takes_up"] for line in own) / len(own), 3),
        "sentences_told_twice": sum(_repeated(lines, story) for story in {line["story"] for line in lines}),
        "distinct_word_triples": round(len(set(triples)) / len(triples), 3),
        "seconds_a_sentence": round(statistics.median(line["seconds"] for line in own), 3),
    }


def told(model: Runtime, prompt: str, seed: int, folder: Path) -> list[dict[str, Any]]:
    """The lines of one story with what is measured of each."""
    scenes: list[Any] = []
    keep = scenes.append
    task = Task({"form": "plot", "prompt": prompt, "duration": 60}, folder, seed=seed, on_item=lambda v, _: keep(v))
    model.run(task)
    state, found = None, []
    for scene in scenes:
        lines: list[Any] = []
        start = time.perf_counter()
        task = Task({"form": "story", "scene": scene}, folder, model.card.knobs, seed, previous=state)
        task.on_item = lambda value, _, lines=lines: lines.append((value, time.perf_counter()))
        state = model.run(task).value  # type: ignore[union-attr]
        moments = [start, *(moment for _, moment in lines)]
        for (line, _), beat, (before, after) in zip(lines, scene["beats"], pairwise(moments), strict=True):
            found.append(described(line, beat["stem"], scene, f"{seed} {prompt}") | {"seconds": after - before})
    return found


def described(line: dict[str, Any], stem: str, scene: dict[str, Any], story: str) -> dict[str, Any]:
    """What is measured of a line: whether it names the hero, and whether the model's own words keep to the matter."""
    own = content(line["text"][len(stem) :])
    matter = content(f"{scene['about']} {scene['episode']} {stem}")
    return {
        "story": story,
        "section": line["section"],
        "text": line["text"],
        "stem": stem,
        "origin": line["origin"],
        "names": bool(re.search(rf"\b{re.escape(scene['hero'])}\b", line["text"], re.IGNORECASE)),
        "takes_up": bool(own & matter),
    }


def _triples(lines: list[dict[str, Any]], story: str) -> list[tuple[str, ...]]:
    words = [tokens(line["text"][len(line["stem"]) :]) for line in lines if line["story"] == story and line["stem"]]
    return [triple for row in words for triple in zip(row, row[1:], row[2:], strict=False)]


def _repeated(lines: list[dict[str, Any]], story: str) -> int:
    texts = [line["text"] for line in lines if line["story"] == story]
    return len(texts) - len(set(texts))


if __name__ == "__main__":
    main()
