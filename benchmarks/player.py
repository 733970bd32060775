"""What a viewer gets: a real Chromium asks a warm server for episodes and plays them while they are made.

    python -m benchmarks.player [--repeats 5] [--picture FILE] [--out FILE]

Times are the player's own: from the click on the page to the first frame, the first content and the first spoken word
on the screen, and the seconds it waited for data. Chromium runs on the same cores as the server and decodes in
software, so it takes time from the making. Needs Chromium, Node.js and `npm ci`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import httpx

from benchmarks.harness import spread, write
from benchmarks.podcast import TOPICS, make, server

FIGURES = {
    "ttff_s": "click to first frame, s",
    "first_speech_s": "click to first spoken word, s",
    "first_content_s": "click to the hosts, s",
    "stall_s": "waited for data, s",
    "duration_s": "length played, s",
    "made_in_s": "made in, s",
}
PICTURE_AT_S = 12


def main() -> None:
    """Measure, print the table, write the JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--picture", type=Path, help="keep a picture of the page of the first episode")
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="murakkab-player-"))
    try:
        records = watch(folder, given.repeats)
        if given.picture:
            shutil.copyfile(folder / "page-0.png", given.picture)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    facts = {name: spread([record[name] for record in records]) for name in FIGURES}
    for name, label in FIGURES.items():
        print(f"{label:32} {facts[name]['median']:8.3f} {facts[name]['min']:8.3f} {facts[name]['max']:8.3f}")
    print(f"written to {write('player', {'player': 'Chromium, headless', **facts}, given.out)}")


def watch(folder: Path, repeats: int) -> list[dict[str, Any]]:
    """Records of the runs that were watched."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("Chromium is missing: apt-get install chromium")
    runs = folder / "runs"
    with server(runs) as (_, address):
        with httpx.Client(base_url=address, timeout=120) as client:
            make(client, runs, "A first episode", 10, 99)
        return [view(folder, runs, program, address, number) for number in range(repeats)]


def view(folder: Path, runs: Path, program: str, address: str, number: int) -> dict[str, Any]:
    """Play one episode and return the run's record."""
    command = ["node", "player.mjs", program, address, TOPICS[number % len(TOPICS)], str(PICTURE_AT_S)]
    command += [str(folder / f"page-{number}.png"), str(folder / f"profile-{number}")]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    record: dict[str, Any] = json.loads((runs / done.stdout.strip() / "run.json").read_text())
    if record["measured_by"] != "player":
        raise RuntimeError(f"the player of {record['run']} did not report")
    return record


if __name__ == "__main__":
    main()
