"""Adaptive quality on this machine: podcasts that a real Chromium plays, with and without a core taken away.

    python -m benchmarks.adaptive [--duration 600] [--taken 60] [--no-vmaf] [adaptive adaptive@0.5 top@0.1 ...]
    python -m benchmarks.adaptive --vmaf-only [--keep FOLDER]

An episode is named by its rung policy. It has all cores, or, as ``POLICY@SHARE``, all but one for ``--taken`` seconds
from the moment at which that share of the show is ready: a busy process holds the core. The process is pinned and,
where the system allows it, has the highest priority; *got* is the share of the core that it really had. Stalls and
the time to the first frame are those that Chromium measured. *Sustained* is the share of shots on the best rung that
the profiles say is made 1.1 times faster than it plays, or on a better one; where there is no such rung, nothing is
told. *Changes* are those from one shot to the next one that is shown: all, those of a hundredth of quality or more,
and those that the next shot took back. VMAF compares what was shown with the same shots made again on the best rung:
same script, seed and timeline. One picture for each episode has the rung and the seconds that were ready over time.

Every episode stays below ``--keep``: an episode that is there is not made again, so a call that broke off goes on
where it was, and one that failed is tried again; the others are told all the same. Episodes that other code made are
refused. ``--vmaf-only`` compares the episodes that are there and were not compared. Needs Chromium, Node.js and `npm
ci`, and for VMAF the package imageio-ffmpeg.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import httpx

from benchmarks.adaptive_core import Taken, take_core
from benchmarks.adaptive_figures import SPARE, changes, dip, shares, sustained, waits
from benchmarks.adaptive_kept import Row, check_same, check_unchanged, code, keep, known, told_code
from benchmarks.adaptive_looks import vmaf
from benchmarks.adaptive_plot import draw
from benchmarks.harness import write
from benchmarks.podcast import make, server
from murakkab.engine.feed import read_events
from murakkab_optimizer.policies.rungs import POLICIES

TOPIC, SEED = "How tides work", 7
ASKED = ("duration", "taken", "width", "height")
"""Options that all episodes of a folder share."""


class Episode(NamedTuple):
    """A rung policy, and the share of the show that is ready when a core is taken away; None: none is."""

    policy: str
    at: float | None = None

    def __str__(self) -> str:
        return self.policy if self.at is None else f"{self.policy}@{self.at:g}"


EPISODES = [
    Episode("adaptive"), Episode("adaptive", 0.5), Episode("adaptive", 0.1),
    *(Episode(policy, at) for at in (0.1, None) for policy in ("top", "lowest", "per-run")),
]  # fmt: skip
"""In the middle, and where the show is not far ahead of its viewer; the baselines where it is hardest first."""


def main() -> None:
    """Measure what is missing, print the table, write the JSON."""
    given = options().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers and browsers end with it
    given.keep.mkdir(parents=True, exist_ok=True)
    now = code()
    asked = {name: getattr(given, name) for name in ASKED}
    vars(given).update(check_same(given.keep, asked, now, play=not given.vmaf_only))
    rows = list(compared(given, now) if given.vmaf_only else measured(given, now))
    print("\n".join(table(rows)))
    facts = {
        "player": "Chromium, headless",
        **{name: getattr(given, name) for name in ASKED},
        "code": now,
        "rows": rows,
    }
    print(f"written to {write('adaptive', facts, given.out)}; episodes and pictures are in {given.keep}")
    if any("error" in row or "vmaf_error" in row for row in rows):
        raise SystemExit(1)


def options() -> argparse.ArgumentParser:
    """What can be asked for."""
    found = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    found.add_argument("--duration", type=int, default=600, help="seconds of the show")
    found.add_argument("--taken", type=float, default=60.0, help="seconds for which a core is taken away")
    told = f"{{{','.join(POLICIES)}}}, or with @SHARE; by default {' '.join(map(str, EPISODES))}"
    found.add_argument("episodes", type=named, nargs="*", default=EPISODES, help=told, metavar="EPISODE")
    found.add_argument("--width", type=int, default=1280)
    found.add_argument("--height", type=int, default=720)
    found.add_argument("--no-vmaf", action="store_true", help="only play; --vmaf-only can compare later")
    found.add_argument("--vmaf-only", action="store_true", help="only compare what was played before")
    found.add_argument(
        "--keep",
        type=Path,
        default=Path(tempfile.gettempdir()) / "murakkab-adaptive",
        help="folder of the episodes, their pictures and their figures",
    )
    found.add_argument("--out", type=Path)
    return found


def named(text: str) -> Episode:
    """An episode by its name.

    Raises:
        ArgumentTypeError: there is no such policy, or the share is none.
    """
    policy, _, at = text.partition("@")
    try:
        found = Episode(policy, float(at) if at else None)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{at}' is no share of the show, such as 0.5") from None
    if policy not in POLICIES or (found.at is not None and not 0 <= found.at < 1):
        raise argparse.ArgumentTypeError(f"'{text}' is none of {', '.join(POLICIES)}, alone or with @0 to @0.99")
    return found


def measured(given: argparse.Namespace, now: Row) -> Iterator[Row]:
    """Rows of all episodes that are asked for, made or found; one that fails leaves the others alone."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("Chromium is missing: apt-get install chromium")
    for one in given.episodes:
        folder = given.keep / str(one)
        try:
            row = known(folder, now) or episode(folder, one, given, program, now)
            if not given.no_vmaf:
                compare(folder, row)
        except (RuntimeError, OSError, httpx.HTTPError, subprocess.SubprocessError) as fault:
            row = {"policy": one.policy, "at": one.at, "error": str(fault) or type(fault).__name__}
        print(told(row), flush=True)
        yield row


def compared(given: argparse.Namespace, now: Row) -> Iterator[Row]:
    """Rows of the episodes that were played before, with their VMAF."""
    for folder in sorted(path.parent for path in given.keep.glob("*/row.json")):
        row = known(folder, now)
        assert row is not None
        compare(folder, row)
        print(told(row), flush=True)
        yield row


def compare(folder: Path, row: Row) -> None:
    """Add VMAF where it is missing, or why it cannot be told; what was played stays as it is."""
    if row["vmaf"] is not None:
        return
    row.pop("vmaf_error", None)
    try:
        row["vmaf"] = vmaf(folder / "run", row["seed"])
    except (RuntimeError, OSError, subprocess.SubprocessError) as fault:
        row["vmaf_error"] = str(fault) or type(fault).__name__
    keep(folder, row)


def episode(folder: Path, one: Episode, given: argparse.Namespace, program: str, now: Row) -> Row:
    """Make and play one episode; what came of it. Its run stays in ``folder``, without the streams."""
    check_unchanged(now)
    shutil.rmtree(folder, ignore_errors=True)
    runs = folder / "runs"
    runs.mkdir(parents=True)
    with server(runs, "--rungs", one.policy) as (_, address):
        with httpx.Client(base_url=address, timeout=120) as client:
            make(client, runs, "A first episode", 10, 99, width=given.width, height=given.height)
        before = set(runs.glob("*/run.json"))
        with played(folder, address, given, program) as player:
            window = None
            if one.at is not None:
                due = partial(has_ready, runs, before, one.at * given.duration)
                window = take_core(due, lambda: player.poll() is not None, given.taken)
            out, err = player.communicate()
        if player.returncode:
            raise RuntimeError(f"the player: {err.strip()}")
    if one.at is not None and window is None:
        raise RuntimeError("the show was over before a core could be taken")
    check_unchanged(now)
    (runs / out.strip()).rename(folder / "run")
    for rest in (runs, folder / "run" / "hls", *folder.glob("profile*")):
        shutil.rmtree(rest, ignore_errors=True)
    row = {"policy": one.policy, "at": one.at, **facts(folder / "run", window), "code": now}
    picture = folder.parent / row["picture"]
    title = one.policy if window is None else f"{one.policy}, a core taken for {given.taken:.0f} s"
    picture.write_bytes(draw(title, read_events(folder / "run" / "events.jsonl"), row["taken_from_to_s"]))
    keep(folder, row)
    return row


@contextmanager
def played(folder: Path, address: str, given: argparse.Namespace, program: str) -> Iterator[subprocess.Popen[str]]:
    """A browser that asks for the episode and plays it to its end."""
    inputs = {"duration": given.duration, "width": given.width, "height": given.height, "run-seed": SEED}
    command = ["node", "player.mjs", program, address, TOPIC, "1", str(folder / "page.png")]
    command += [str(folder / "profile"), json.dumps(inputs)]
    pipe = subprocess.PIPE
    player = subprocess.Popen(command, cwd=Path(__file__).parent, stdout=pipe, stderr=pipe, text=True)
    try:
        yield player
    finally:
        if player.poll() is None:
            player.terminate()  # the browser ends with it
            player.wait(20)


def has_ready(runs: Path, before: set[Path], seconds: float) -> bool:
    """Whether so many seconds of the show that was begun last are ready."""
    for record in set(runs.glob("*/run.json")) - before:
        events = read_events(record.parent / "events.jsonl")
        if sum(event["seconds"] for event in events if event["event"] == "segment.published") >= seconds:
            return True
    return False


def facts(run: Path, window: Taken | None) -> Row:
    """Figures of an episode."""
    report, plan = (json.loads((run / name).read_text()) for name in ("report.json", "plan.json"))
    if report["measured_by"] != "player":
        raise RuntimeError(f"the player of {report['run']} did not report")
    events, began = read_events(run / "events.jsonl"), first_second(run)
    within = None if window is None else (round(window.begins - began, 2), round(window.ends - began, 2))
    least = sustained(plan["rungs"], len(os.sched_getaffinity(0)))
    names = ("ttff_s", "first_content_s", "stall_s", "duration_s", "made_in_s", "quality", "top_share", "seed")
    return {
        "taken_from_to_s": within,
        "taken_share": window.share if window else None,
        **{name: report[name] for name in names},
        "waits": waits(events),
        "sustained_rung": None if least is None else plan["rungs"][least]["name"],
        **shares(report["shots"], least),
        "changes": changes(report["shots"]),
        "dip": dip(report["shots"], within),
        "ladder": [{name: rung[name] for name in ("name", "quality", "load", "static")} for rung in plan["rungs"]],
        "rungs": [
            [shot["shot"], shot["rung"], shot["decided_at"], shot["seconds"], shot["reason"]]
            for shot in report["shots"]
        ],
        "vmaf": None,
        "picture": f"{run.parent.name}.png",
    }


def first_second(run: Path) -> float:
    """When the run was asked for, in seconds since the epoch."""
    from murakkab.engine.journal import read_journal

    entry = next(read_journal(run / "journal.jsonl"))
    submitted = next(event for event in read_events(run / "events.jsonl") if event["event"] == "run.submitted")
    return entry.now - float(submitted["t"])


def table(rows: list[Row]) -> Iterator[str]:
    """All episodes, one a line."""
    yield ""
    yield (
        f"{'policy':<10}{'core taken at':>14}{'got':>6}{'TTFF s':>8}{'stall s':>9}{'quality':>9}{'top':>6}"
        f"{'sustained':>11}{'VMAF':>7}{'worst':>7}{'changes':>13}{'dips after':>12}{'back after':>12}"
    )
    yield from map(told, rows)
    yield from (
        f"{row['policy']} {_share(row['at'])}: no VMAF: {row['vmaf_error']}" for row in rows if "vmaf_error" in row
    )
    good = [row for row in rows if "error" not in row]
    if good:
        ladder = ", ".join(f"{rung['name']} {rung['load']:.2f}" for rung in good[0]["ladder"])
        rung = good[0]["sustained_rung"]
        least = f"on '{rung}' or better" if rung else f"no rung is made {SPARE} times faster than it plays here"
        yield f"sustained: {least}. Core-seconds a second of the show: {ladder}"
        yield "changes of the rung: all / those of a hundredth of quality or more / those that the next shot took back"
        yield f"code: {told_code(good[0]['code'])}"


def told(row: Row) -> str:
    """One episode in a line."""
    head = f"{row['policy']:<10}{_share(row['at']):>14}"
    if "error" in row:
        return f"{head}  failed: {row['error']}"
    looks, moved, steps = row["vmaf"] or {}, row["dip"] or {}, row["changes"]
    return (
        f"{head}{_share(row['taken_share']):>6}{row['ttff_s']:>8.2f}{row['stall_s']:>9.2f}{row['quality']:>9.3f}"
        f"{row['top_share']:>6.0%}{_share(row['shots_sustained']):>11}"
        f"{_number(looks.get('mean')):>7}{_number(looks.get('worst_shot')):>7}"
        f"{'{all} / {seen} / {undone}'.format(**steps):>13}"
        f"{_number(moved.get('down_after_s')):>10} s{_number(moved.get('back_after_s')):>10} s"
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


if __name__ == "__main__":
    main()
