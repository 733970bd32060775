"""How fast the drawn hosts are.

    python -m benchmarks.hosts [--seconds 8] [--json FILE]

Draws and encodes one turn of real speech on one thread. Times are CPU seconds, so that other work on the machine does
not count; ``first_clip_s`` is the wall time from a task's start to its first clip on a warm worker.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.harness import write
from murakkab_runtimes.base import Task
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.media.video import ClipEncoder
from murakkab_runtimes.speech.hibari_joe import HibariJoe
from murakkab_runtimes.video.hosts import DrawnHosts

TEXT = "Maybe five things. The first was a bright object, far away, that flickered faster than anything should. "
CAST = {"hosts": [{"name": "Claire", "gender": "female", "look": {}}, {"name": "Joe", "gender": "male", "look": {}}]}
SIZES = ((640, 360), (1280, 720))


def speak(seconds: float, folder: Path) -> dict[str, Any]:
    card = load_catalog()["hibari-joe"]
    text = TEXT * max(1, round(seconds / 6))
    value: dict[str, Any] = HibariJoe(card, 1).run(Task({"text": text, "voice": "female-1"}, folder, card.knobs)).value
    return value


def perform(runtime: DrawnHosts, speech: dict[str, Any], size: tuple[int, int], *, opening: bool) -> dict[str, float]:
    """One turn: CPU seconds spent in all and in the encoder, and when the first clip came."""
    turn = {
        "host": 0,
        "text": TEXT,
        "kind": "opening" if opening else "answer",
        "title": "Objects",
        "episode": "Bright objects",
    }
    arguments = {"turn": turn, "speech": speech, "cast": CAST, "width": size[0], "height": size[1], "fps": 24}
    encoding, first = [0.0], []
    add = ClipEncoder.add

    def timed(encoder: ClipEncoder, frame: Any) -> None:  # noqa: ANN401
        start = time.thread_time()
        add(encoder, frame)
        encoding[0] += time.thread_time() - start

    with tempfile.TemporaryDirectory() as folder:
        start, cpu = time.perf_counter(), time.process_time()
        task = Task(arguments, Path(folder), runtime.card.knobs, seed=1, path=(0, 0) if opening else (1, 1))
        task.on_item = lambda value, meta: first.append(time.perf_counter() - start)
        ClipEncoder.add = timed  # type: ignore[method-assign,assignment]
        try:
            frames = runtime.run(task).value["frames"]
        finally:
            ClipEncoder.add = add  # type: ignore[method-assign]
    total = time.process_time() - cpu
    return {"frames": frames, "total_s": total, "encode_s": encoding[0], "first_clip_s": first[0]}


def measure(size: tuple[int, int], speech: dict[str, Any], repeats: int) -> dict[str, Any]:
    runtime = DrawnHosts(load_catalog()["drawn-hosts"], 1)
    runtime.warm()
    perform(runtime, speech, size, opening=True)
    runs = [perform(runtime, speech, size, opening=False) for _ in range(repeats)]
    starts = [perform(runtime, speech, size, opening=True)["first_clip_s"] for _ in range(repeats)]
    return {
        "size": f"{size[0]}x{size[1]}",
        "draw_fps": statistics.median(r["frames"] / (r["total_s"] - r["encode_s"]) for r in runs),
        "encode_fps": statistics.median(r["frames"] / r["encode_s"] for r in runs),
        "total_fps": statistics.median(r["frames"] / r["total_s"] for r in runs),
        "first_clip_s": statistics.median(starts),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="length of the speech")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the results here instead of results/hosts.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        speech = speak(options.seconds, Path(folder))
        results = [measure(size, speech, options.repeats) for size in SIZES]
    for row in results:
        print("  ".join(f"{key} {value if isinstance(value, str) else round(value, 3)}" for key, value in row.items()))
    write("hosts", {"results": results}, options.json)


if __name__ == "__main__":
    main()
