"""How far off speeds are that a plan infers, against what was measured, and against the nearest profile.

    python -m benchmarks.inferred_speeds [--out FILE]

Profiles of the catalogue that differ in size are left out and asked for (``profiles.between``): a size between others,
the smallest or largest one, all sizes of a device but the smallest. With the raw runs of Flux
(``profiles/streamwise_raw`` below MURAKKAB_DATA, by default ``../shared/data``), steps that the catalogue does not have
are asked for at every size, too.
"""

from __future__ import annotations

import argparse
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import write
from benchmarks.latency_models import data, percent, read
from murakkab_optimizer.graph import Node
from murakkab_optimizer.planner.speeds import Speeds
from murakkab_optimizer.profiles import Profile
from murakkab_optimizer.profiles.nouns import taken
from murakkab_runtimes.catalog import load_profiles

FLUX = "flux-1-dev"
GPUS = {"NVIDIA A100-SXM4-80GB": "A100", "NVIDIA H100 80GB HBM3": "H100", "NVIDIA H200": "H200"}

KINDS = ("inferred", "nearest")

Pair = tuple[float, float, float]
"""Seconds measured, inferred, and of the nearest profile."""


def pixels(profile: Profile) -> float:
    """Of the picture that is made."""
    at = taken(profile)
    return float(at["height"] * at.get("width", at["height"]))


def ask(known: Sequence[Profile], one: Profile) -> tuple[float, float] | None:
    """Seconds of a unit that are inferred where a profile was taken, and those of the nearest; None without any."""
    node, found = Node("asked", "any", dict(one.conditions)), []
    for exact in (False, True):
        speeds = Speeds(known, exact=exact).find(one.model, one.device, node, one.knobs, other=True)
        found += [profile.unit_s for profile in speeds if profile.devices == one.devices]
    return (found[0], found[1]) if len(found) == 2 else None


def sizes_left_out(profiles: Sequence[Profile], inner: bool) -> Iterator[Pair]:
    """Each size of each series that has more than two, the inner or the outermost ones."""
    series: dict[tuple[object, ...], list[Profile]] = defaultdict(list)
    for profile in profiles:
        series[profile.model, profile.device, profile.devices, str(profile.knobs)].append(profile)
    for alike in series.values():
        works = sorted({pixels(profile) for profile in alike})
        for profile in alike if len(works) > 2 else []:
            if (pixels(profile) in (works[0], works[-1])) != inner:
                yield from _pair([other for other in profiles if pixels(other) != pixels(profile)], profile)


def device_left_out(profiles: Sequence[Profile]) -> Iterator[Pair]:
    """All sizes of a device but the smallest one."""
    for device in sorted({profile.device for profile in profiles}):
        mine = [profile for profile in profiles if profile.device == device]
        least = min(map(pixels, mine))
        known = [profile for profile in profiles if profile.device != device or pixels(profile) == least]
        for profile in mine:
            if pixels(profile) != least:
                yield from _pair(known, profile)


def _pair(known: Sequence[Profile], one: Profile) -> Iterator[Pair]:
    if (found := ask(known, one)) is not None:
        yield (one.unit_s, *found)


def steps_of_raw_runs(profiles: Sequence[Profile]) -> Iterator[Pair]:
    """Medians of the raw runs of 5 and 20 steps, which are not in the catalogue, at every size."""
    runs: dict[tuple[str, int, int, int, int], list[float]] = defaultdict(list)
    for row in read(data() / "profiles/streamwise_raw/flux.csv"):
        if float(row["avg_steps_time"] or 0) > 0 and row["gpu_model"] in GPUS and row["num_steps"] in ("5", "20"):
            key = [int(row[name]) for name in ("world_size", "width", "height", "num_steps")]
            runs[GPUS[row["gpu_model"]], key[0], key[1], key[2], key[3]].append(float(row["total_steps_time"]))
    for (device, devices, width, height, steps), seconds in runs.items():
        where = {"width": width, "height": height}
        one = Profile(FLUX, "image", statistics.median(seconds), device, devices, {"steps": steps}, where)
        yield from _pair(profiles, one)


def summary(pairs: Iterable[Pair]) -> dict[str, Any]:
    """Median and 90th percentile of the absolute errors."""
    known = list(pairs)
    found: dict[str, Any] = {"asked": len(known)}
    for place, name in enumerate(KINDS, 1):
        missed = sorted(abs(pair[place] / pair[0] - 1) for pair in known)
        found[name] = {"median": statistics.median(missed), "p90": missed[int(0.9 * (len(missed) - 1))]}
    return found


def main() -> None:
    """Measure, print, write the JSON."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    profiles = load_profiles()
    raw = [p for p in profiles if p.model == FLUX and "), raw runs:" in p.provenance.source]
    sized = [p for p in raw if p.knobs == {"steps": 25}]
    asked: dict[str, Callable[[], Iterator[Pair]]] = {
        "Flux, a size between others": lambda: sizes_left_out(sized, inner=True),
        "Flux, the smallest or largest size": lambda: sizes_left_out(sized, inner=False),
        "Flux, a device known at one size": lambda: device_left_out(sized),
    }
    if data().exists():
        asked["Flux, 5 and 20 steps at every size"] = lambda: steps_of_raw_runs(raw)
    facts = {name: summary(pairs()) for name, pairs in asked.items()}
    for name, found in facts.items():
        cells = (
            f"{kind} {percent(found[kind]['median'])} / {percent(found[kind]['p90'])}"
            for kind in ("inferred", "nearest")
        )
        print(f"{name:<40} {found['asked']:>4}  " + "  ".join(cells))
    print(write("inferred_speeds", facts, given.out))


if __name__ == "__main__":
    main()
