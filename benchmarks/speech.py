"""Speed, first sentence of a fresh process, memory and intelligibility of the speech adapters.

    python -m benchmarks.speech [hibari-joe kokoro flite whisper] [--repeats 3] [--out speech.json]

Prints a table, and writes the ``measured`` and ``quality`` entries of the model cards with ``--out``. A voice is timed
over pairs of turns (the first female and the first male voice say the same sentence); the word error rate is that of
Whisper tiny.en over all four roles. Speeds are processor seconds of all threads divided by their number, so that other
load on a shared machine shows as little as it can. Times are medians, the spread is the distance of the quartiles.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.harness import device
from murakkab_runtimes.base import Output, Runtime, Task, Unavailable, runtime_class
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.speech.voices import ROLES
from murakkab_runtimes.speech.word_errors import word_error_rate

SENTENCES = (
    "Welcome back to the show, where we talk about how coffee changed the world.",
    "Most people think the answer is simple, but the real story took almost 200 years.",
    "So how does a plant turn sunlight into sugar, and why should we care?",
    "That is a great question, and scientists still argue about it today.",
    "In the winter of 1912 the river froze, and the boats could not leave for three months.",
    "The first computers filled entire rooms and needed a team of engineers.",
    "Bees share the location of flowers by dancing, which is quite remarkable.",
    "Her brother heard a strange noise behind the old church door.",
    "Choose a cheap pair of shoes before you measure the garage.",
    "The judge looked at the evidence and found nothing unusual.",
    "Nearly every bird in the forest sings early in the morning.",
    "Thanks for listening, and please join us again next week for another episode.",
)
VOICES = ("hibari-joe", "kokoro", "flite")
FRESH = """
import pathlib, sys
from murakkab_runtimes.base import Task, runtime_class
from murakkab_runtimes.catalog import load_catalog
name, folder = sys.argv[1:]
card = load_catalog()[name]
task = Task({"text": "Hello there, and welcome to the show.", "voice": "female-1"}, pathlib.Path(folder))
runtime_class(card.adapter)(card, 2).run(task)
import os
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak.split()[1], flush=True)
os._exit(0)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=[*VOICES, "whisper"], help="cards to measure")
    parser.add_argument("--repeats", type=int, default=3, help="how often each sentence is timed")
    parser.add_argument("--out", type=Path, help="write the results here as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = list(_measure_all(options.names, options.repeats, Path(folder)))
    _show(results)
    if options.out:
        options.out.write_text(json.dumps({"results": results, "platform": platform.platform()}, indent=2))


def _measure_all(names: Sequence[str], repeats: int, folder: Path) -> Iterator[dict[str, Any]]:
    listener, _ = _loaded("whisper")
    for name in names:
        try:
            runtime, load_s = (listener, _loaded("whisper")[1]) if name == "whisper" else _loaded(name)
        except Unavailable as fault:
            print(fault, file=sys.stderr)
            continue
        measure = _measure_listener if name == "whisper" else _measure_voices
        yield {"name": name, **measure(runtime, listener, load_s, repeats, folder)}
        runtime.close()


def _loaded(name: str) -> tuple[Runtime, float]:
    card = load_catalog()[name]
    start = time.perf_counter()
    runtime = runtime_class(card.adapter)(card, card.needs.threads)
    return runtime, time.perf_counter() - start


def _measure_voices(runtime: Runtime, listener: Runtime, load_s: float, repeats: int, folder: Path) -> dict[str, Any]:
    for role in ROLES:
        _speak(runtime, "Hello there.", role, folder)
    timed = [_pair(runtime, text, folder) for _ in range(repeats) for text in SENTENCES]
    voices = {role: _errors(runtime, listener, role, folder) for role in ROLES}
    rate = statistics.fmean(voices.values())
    cold = sorted(_fresh_process(runtime.card.name, folder) for _ in range(5))
    return {
        "measured": _measurement("audio-second", timed, load_s),
        "quality": {"value": round(1 - rate, 3), "source": _source(len(SENTENCES) * len(ROLES))},
        "word_error_rate": voices,
        "first_sentence_s": {role: round(_short(runtime, role, folder), 4) for role in ROLES},
        "fresh_process_s": round(cold[2][0], 3),
        "fresh_process_memory_mb": round(max(mb for _, mb in cold)),
    }


def _measure_listener(runtime: Runtime, _: Runtime, load_s: float, repeats: int, folder: Path) -> dict[str, Any]:
    speaker, _load = _loaded("hibari-joe")
    timed, pairs = [], []
    for text in SENTENCES:
        spoken = _speak(speaker, text, "female-1", folder)
        for _repeat in range(repeats):
            start = _worked()
            heard = _listen(runtime, spoken, folder)
            timed.append((_worked() - start) / runtime.threads / spoken.value["seconds"])
        pairs.append((text, heard))
    speaker.close()
    rate = word_error_rate(pairs)
    source = f"1 - word error rate on {len(SENTENCES)} sentences of the voice hibari (benchmarks/speech.py)"
    quality = {"value": round(1 - rate, 3), "source": source}
    return {"measured": _measurement("audio-second", timed, load_s), "quality": quality}


def _pair(runtime: Runtime, text: str, folder: Path) -> float:
    """Seconds of work for one second of speech, when one female and one male host say the sentence."""
    start = _worked()
    seconds = [float(_speak(runtime, text, role, folder).value["seconds"]) for role in ("female-1", "male-1")]
    return (_worked() - start) / runtime.threads / sum(seconds)


def _worked() -> float:
    """Processor seconds of this process and of the programs that it called."""
    return sum(os.times()[:4])


def _errors(runtime: Runtime, listener: Runtime, role: str, folder: Path) -> float:
    pairs = [(text, _listen(listener, _speak(runtime, text, role, folder), folder)) for text in SENTENCES]
    return round(word_error_rate(pairs), 4)


def _short(runtime: Runtime, role: str, folder: Path) -> float:
    """Median seconds until a warm adapter has spoken a short sentence."""
    times = []
    for _ in range(9):
        start = time.perf_counter()
        _speak(runtime, "Hello there, and welcome to the show.", role, folder)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _fresh_process(name: str, folder: Path) -> tuple[float, float]:
    """Seconds from the start of a Python process to its first spoken sentence, and its peak memory in MiB."""
    start = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", FRESH, name, str(folder)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        memory = process.stdout.readline()
        return time.perf_counter() - start, int(memory) / 1024


def _speak(runtime: Runtime, text: str, role: str, folder: Path) -> Output:
    output = runtime.run(Task({"text": text, "voice": role}, folder))
    assert isinstance(output, Output)
    return output


def _listen(listener: Runtime, spoken: Output, folder: Path) -> str:
    output = listener.run(Task({"audio": spoken.value["audio"]}, folder))
    assert isinstance(output, Output)
    return str(output.value["text"])


def _measurement(unit: str, times: list[float], load_s: float) -> dict[str, Any]:
    low, middle, high = statistics.quantiles(times, n=4)
    return {
        "unit": unit,
        "seconds": round(middle, 4),
        "spread_s": round(high - low, 4),
        "samples": len(times),
        "device": device(),
        "date": datetime.date.today().isoformat(),
        "load_s": round(load_s, 2),
    }


def _source(samples: int) -> str:
    listener = f"Whisper tiny.en (faster-whisper {version('faster-whisper')})"
    return f"1 - word error rate of {listener} on {samples} sentences in 4 roles (benchmarks/speech.py)"


def _show(results: list[dict[str, Any]]) -> None:
    columns = ("name", "s / s", "spread", "load s", "quality", "fresh process s", "MiB", "short sentence s")
    table = Table(*columns, title=device())
    for result in results:
        measured, short = result["measured"], result.get("first_sentence_s", {})
        cells = [measured["seconds"], measured["spread_s"], measured["load_s"], result["quality"]["value"]]
        cells += [result.get("fresh_process_s", ""), result.get("fresh_process_memory_mb", "")]
        table.add_row(result["name"], *map(str, cells), " ".join(f"{s:.3f}" for s in short.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
