"""How fast scripts are written, how long they turn out and what is wrong with them, over twenty topics.

python -m benchmarks.script [--threads 1] [--durations 30 60 120] [--speak] [--out FILE]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.harness import spread, write
from murakkab_runtimes.base import Output, Runtime, Task, runtime_class
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.text.model import Completion, LanguageModel, Request
from tests.text import episode
from tests.text.test_script import MORE_TOPICS, TOPICS
from tests.text.worth_hearing import faults_of

NAMES = {"Claire", "Joe"}


class Watch:
    """Counts the model's answers and the seconds they take."""

    def __init__(self, model: LanguageModel) -> None:
        self.calls: list[float] = []
        self._complete = model.complete
        model.complete = self.complete  # type: ignore[method-assign]

    def complete(self, request: Request) -> Completion:
        """Answer as the model does and note the time."""
        start = time.perf_counter()
        answer = self._complete(request)
        self.calls.append(time.perf_counter() - start)
        return answer


def one(model: LanguageModel, watch: Watch, topic: str, duration: float, scratch: Path) -> dict[str, Any]:
    """Write one script; its seconds, faults and the model's share."""
    watch.calls.clear()
    start = time.perf_counter()
    script = episode.write(model, scratch, topic=topic, duration=duration)
    return {
        "topic": topic,
        "duration": duration,
        "took": time.perf_counter() - start,
        "model": sum(watch.calls),
        "calls": len(watch.calls),
        "sentences": sum(t["text"].count(". ") + 1 for t in script.of("answer")),
        "turns": len(script.turns),
        "seconds": script.seconds,
        "faults": faults_of(script, NAMES),
        "texts": [f"{t['speaker']}: {t['text']}" for t in script.turns],
        "voices": [t["voice"] for t in script.turns],
    }


def spoken_seconds(row: dict[str, Any], voice: Runtime, scratch: Path) -> float:
    """Seconds that the shipped voices need for a script."""
    total = 0.0
    for line, role in zip(row["texts"], row["voices"], strict=True):
        arguments = {"text": line.partition(": ")[2], "voice": role}
        output = voice.run(Task(arguments, Path(tempfile.mkdtemp(dir=scratch)), threads=1))
        assert isinstance(output, Output)
        total += output.value["seconds"]
    return total


def summary(rows: list[dict[str, Any]], duration: float) -> dict[str, Any]:
    """Medians of the scripts of one length."""
    some = [r for r in rows if r["duration"] == duration]
    return {
        "duration": duration,
        "scripts": len(some),
        "turns": sum(r["turns"] for r in some),
        "faults": sum(len(r["faults"]) for r in some),
        "took": spread([r["took"] for r in some]),
        "length": spread([r["seconds"] / duration for r in some]),
        "spoken": spread([r["spoken"] / duration for r in some if "spoken" in r] or [0.0]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--durations", type=float, nargs="+", default=[30, 60, 120])
    parser.add_argument("--topics", type=int, default=20)
    parser.add_argument("--speak", action="store_true", help="also measure with the shipped voices")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    start = time.perf_counter()
    model: Any = runtime_class("smollm2")(load_catalog()["smollm2"], options.threads)
    model.warm()
    load = time.perf_counter() - start
    watch = Watch(model)
    voice = runtime_class("hibari-joe")(load_catalog()["hibari-joe"], 1) if options.speak else None
    rows, calls = [], []
    with tempfile.TemporaryDirectory() as folder:
        for duration in options.durations:
            for topic in (TOPICS + MORE_TOPICS)[: options.topics]:
                row = one(model, watch, topic, duration, Path(folder))
                calls += watch.calls
                if voice is not None and duration == options.durations[0]:
                    row["spoken"] = spoken_seconds(row, voice, Path(folder))
                rows.append(row)
    quarters = statistics.quantiles(calls, n=4)
    print(f"load {load:.2f} s, threads {options.threads}; a model call: median {quarters[1]:.3f} s, ", end="")
    print(f"quartiles {quarters[0]:.3f} to {quarters[2]:.3f} s, {len(calls)} calls")
    print(f"answers spoken per call: {sum(r['sentences'] for r in rows) / len(calls):.2f}")
    sums = [summary(rows, duration) for duration in options.durations]
    for row in sums:
        took, length = row["took"], row["length"]
        print(
            f"{row['duration']:5.0f} s: {row['scripts']} scripts, {row['turns']} turns, {row['faults']} faults; ",
            end="",
        )
        print(f"written in {took['median']:.2f} s ({took['min']:.2f} to {took['max']:.2f}); ", end="")
        print(f"length {length['median']:.2f} ({length['min']:.2f} to {length['max']:.2f}) of what was asked, ", end="")
        print(f"with the shipped voices {row['spoken']['median']:.2f}")
    for row in rows:
        for fault in row["faults"]:
            print(f"  {row['topic']} ({row['duration']:.0f} s): {fault}")
    facts = {"load_s": load, "threads": options.threads, "call_s": spread(calls), "scripts": sums, "rows": rows}
    write("script", facts, options.out)


if __name__ == "__main__":
    main()
