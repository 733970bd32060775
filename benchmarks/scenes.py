"""Speed of the scene adapters: a table, and JSON with --out.

    python -m benchmarks.scenes [--samples 30] [--height 360 720] [--out FILE]

Each sample is another section; the first picture of every adapter is not counted. Times are medians of
processor time on one thread, which other work on a shared machine does not lengthen as it does the wall clock; the
spread is the distance of the quartiles.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.harness import machine
from murakkab_runtimes.base import Runtime, Task, Unavailable, missing_parts, runtime_class
from murakkab_runtimes.catalog import load_catalog

ADAPTERS = ("drawn-scene", "styled-scene")
TOPICS = (
    "Why the moon makes tides", "How volcanoes erupt", "The history of coffee", "How computers learn to think",
    "Bees and flowers", "Building the railways", "Deep in the forest", "Black holes", "What money is", "Zyx qwrt",
)  # fmt: skip
MOODS = ("calm", "warm", "bright", "thoughtful", "playful", "dreamy")


def measure(name: str, height: int, samples: int) -> dict[str, Any]:
    """Load an adapter and draw pictures of different sections with it."""
    start = time.process_time()
    runtime = runtime_class(name)(load_catalog()[name], 1)
    load = time.process_time() - start
    draw(runtime, height, 0)
    times = [draw(runtime, height, number) for number in range(samples)]
    quartiles = statistics.quantiles(times, n=4)
    return {
        "adapter": name, "unit": "image", "seconds": statistics.median(times), "spread_s": quartiles[2] - quartiles[0],
        "samples": samples, "knobs": {"height": height}, "load_s": load, "memory_mb": resident_mb(),
    }  # fmt: skip


def draw(runtime: Runtime, height: int, number: int) -> float:
    """Processor seconds for one picture."""
    section = {"title": TOPICS[number % len(TOPICS)], "mood": MOODS[number % len(MOODS)]}
    with tempfile.TemporaryDirectory() as folder:
        arguments = {"section": section, "width": height * 16 // 9, "height": height}
        task = Task(arguments=arguments, scratch=Path(folder), seed=number, path=(number,))
        start = time.process_time()
        runtime.run(task)
        return time.process_time() - start


def resident_mb() -> int:
    """Memory of this process in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def apart(name: str, height: int, samples: int) -> dict[str, Any]:
    """``measure`` in a process of its own, so that memory counts one adapter alone."""
    command = [sys.executable, "-m", "benchmarks.scenes", "--only", name, "--height", str(height)]
    done = subprocess.run([*command, "--samples", str(samples)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"{name} at {height} lines failed: {done.stderr.strip()[-400:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--height", type=int, nargs="+", default=[360, 720])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", choices=ADAPTERS, help="measure one adapter in this process and print JSON")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(options.only, options.height[0], options.samples)))
        return 0
    ready = [name for name in ADAPTERS if not missing_parts(load_catalog()[name])]
    results = [apart(name, height, options.samples) for name in ready for height in options.height]
    print(f"{'adapter':14}{'height':>7}{'ms':>9}{'spread':>9}{'load ms':>9}{'MiB':>6}")
    for row in results:
        figures = (row["seconds"] * 1000, row["spread_s"] * 1000, row["load_s"] * 1000)
        print(
            f"{row['adapter']:14}{row['knobs']['height']:7}"
            + "".join(f"{f:9.1f}" for f in figures)
            + f"{row['memory_mb']:6}"
        )
    if options.out:
        options.out.write_text(json.dumps({"machine": machine(), "results": results}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
