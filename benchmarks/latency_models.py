"""Latency models against linear scaling, on tables of other people's measurements.

    python -m benchmarks.latency_models [--only PART] [--out FILE]

Reads ``profiles/streamwise_raw``, ``profiles/streamwise`` and ``serving/rtxpro6000_llama31_8b`` below the folder named
by MURAKKAB_DATA (by default ``../shared/data`` seen from the root of the project); without it there is nothing to do.
All repeats of a configuration are held out together; what a model chooses it chooses anew without them.
The first two tables are the ones that the models were designed on; the others are those they were not.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import write
from murakkab_optimizer.profiles.latency import Table, fit, fit_shape, tabulate
from murakkab_optimizer.profiles.latency_choice import choose
from murakkab_optimizer.profiles.latency_folds import Held, Predictor, Split, errors, held, k_folds, last_levels
from murakkab_optimizer.profiles.latency_linear import linear_rules

Row = dict[str, Any]
Rules = dict[str, Predictor]

AIMS = {"flux": 0.08, "hunyuanframepack": 0.12}
"""Largest median error on held-out configurations that is good enough."""

KINDS = ("gpu_model", "dtype", "torch_compile", "ring_size", "ulysses_size")


def data() -> Path:
    """Where the measurements are, or would be."""
    default = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    return Path(os.environ.get("MURAKKAB_DATA", default))


def read(path: Path) -> list[Row]:
    """Rows of a CSV file, comments left out."""
    lines = path.read_text().splitlines()
    return list(csv.DictReader([lines[0], *(line for line in lines[1:] if line and not line.startswith("#"))]))


def raw(name: str, target: str) -> Table:
    """A raw table of StreamWise: a configuration is every column but the number of the run and the times."""
    rows = [
        row for row in read(data() / "profiles/streamwise_raw" / f"{name}.csv") if float(row["avg_steps_time"] or 0) > 0
    ]
    work = [column for column in ("steps", "num_steps", "frames", "width", "height", "world_size") if column in rows[0]]
    return tabulate(rows, target, work, KINDS)


def small(name: str, work: Sequence[str], target: str) -> Table:
    """A small table of StreamWise, its four devices together."""
    rows = [
        {**row, "device": device}
        for device in ("a100", "h100", "h200", "gb200")
        for row in read(data() / "profiles/streamwise" / f"latency_{name}_{device}.csv")
    ]
    return tabulate(rows, target, work, ["device"])


def serving(name: str, work: Sequence[str], kinds: Sequence[str] = ()) -> Table:
    """Times of layers of Llama-3.1-8B, in microseconds."""
    return tabulate(read(data() / "serving/rtxpro6000_llama31_8b" / f"{name}.csv"), "time_us", work, kinds)


def chosen(known: Table, unseen: Table) -> list[float]:
    """A model whose structure is chosen on what is known."""
    return fit_shape(known, choose(known)).predict(unseen.rows())


def by_label(table: Table, splits: Sequence[Split], found: Sequence[float], place: int) -> dict[str, Any]:
    """Errors by device."""
    order = [index for _, left in splits for index in left]
    names = sorted({labels[place] for labels in table.labels})
    pairs = list(zip(order, found, strict=True))
    return {name: shown(held([e for i, e in pairs if table.labels[i][place] == name])) for name in names}


def shown(one: Held) -> dict[str, Any]:
    """Rounded, for JSON."""
    return {
        name: value and round(value, 5)
        for name, value in (("median", one.median), ("p90", one.p90), ("count", one.count))
    }


def compare(table: Table, splits: Sequence[Split], rules: Rules) -> dict[str, Any]:
    """Errors of the model and of every linear rule on the same splits."""
    return {"model": shown(held(errors(chosen, table, splits))), **linear(table, splits, rules)}


def linear(table: Table, splits: Sequence[Split], rules: Rules) -> dict[str, Any]:
    """Errors of every linear rule."""
    return {name: shown(held(errors(rule, table, splits))) for name, rule in rules.items()}


def rules_for(table: Table, target_is_a_step: bool) -> Rules:
    """The linear rules with the columns that a person would call work and devices."""
    shared = [name for name in ("world_size", "tp") if name in table.numeric]
    left_out = {*shared, "num_steps"} | ({"steps"} if target_is_a_step else set())
    return linear_rules([name for name in table.numeric if name not in left_out], shared)


def every_level(table: Table) -> dict[str, list[Split]]:
    """Each level of each numeric column held out whole, where there are at most eight."""
    found: dict[str, list[Split]] = {}
    for place, name in enumerate(table.numeric):
        column = [row[place] for row in table.numbers]
        if 3 <= len(set(column)) <= 8 and len(table) > 20:
            splits = [split_at(column, [level]) for level in sorted(set(column))]
            if splits not in found.values():
                found[name] = splits
    return found


def measured(table: Table, rules: Rules, *, device: int | None, levels: bool) -> dict[str, Any]:
    """All errors of one table."""
    began = time.perf_counter()
    model = fit(table, validate=False)
    seconds = time.perf_counter() - began
    splits = k_folds(len(table))
    found = errors(chosen, table, splits)
    facts: dict[str, Any] = {
        "configurations": len(table),
        "runs": sum(table.runs),
        "structure": {"grids": model.shape.grids, "detail": model.shape.detail, "products": model.reading.products},
        "fit_s": round(seconds, 2),
        "repeat_spread": round(table.noise(), 5),
        "held_out": {"model": shown(held(found)), **linear(table, splits, rules)},
        "largest_level_held_out": {name: compare(table, [split], rules) for name, split in last_levels(table).items()},
    }
    if levels:
        facts["every_level_held_out"] = {n: compare(table, s, rules) for n, s in every_level(table).items()}
    if sizes := resolutions(table):
        facts["resolution_held_out"] = {
            "largest": compare(table, sizes[-1:], rules),
            "every": compare(table, sizes, rules),
        }
    if device is not None:
        facts["by_device"] = by_label(table, splits, found, device)
    return facts


def resolutions(table: Table) -> list[Split]:
    """Each resolution held out whole, the largest last; sizes whose pixels differ by less than a tenth are one."""
    if not {"width", "height"} <= set(table.numeric):
        return []
    pixels = [row["width"] * row["height"] for row in table.rows()]
    groups: list[list[float]] = []
    for level in sorted(set(pixels)):
        if groups and level < 1.1 * groups[-1][-1]:
            groups[-1].append(level)
        else:
            groups.append([level])
    return [] if len(groups) < 3 else [split_at(pixels, group) for group in groups]


def split_at(values: Sequence[float], left: Sequence[float]) -> Split:
    """Hold out the configurations with these values."""
    return [i for i, value in enumerate(values) if value not in left], [i for i, v in enumerate(values) if v in left]


Made = tuple[Callable[[], Table], int | None, bool]


def tables() -> dict[str, Made]:
    """What is measured: how the table is made, place of the device among its labels, whether levels are held out."""
    film = ("world_size", "steps", "frames", "width", "height")
    attention = ("prefill_chunk", "kv_prefill", "n_decode", "kv_decode")
    return {
        "flux": (lambda: raw("flux", "total_time"), 0, True),
        "hunyuanframepack": (lambda: raw("hunyuanframepack", "total_time"), 0, False),
        "flux, a step": (lambda: raw("flux", "avg_steps_time"), None, False),
        "hunyuanframepack, a step": (lambda: raw("hunyuanframepack", "avg_steps_time"), None, False),
        "small: FramePack by devices": (lambda: small("hf_mapping", film, "total_time"), 0, False),
        "small: Fantasy Talking by devices": (lambda: small("ft_mapping", film, "total_time"), 0, False),
        "small: Flux by devices": (lambda: small("flux_mapping", ["world_size"], "avg_steps_time"), 0, False),
        "small: Gemma by devices": (lambda: small("gemma", ["tp"], "per_scene_time"), 0, False),
        "small: up-scaler by devices": (lambda: small("upscaler", ["world_size"], "avg_steps_time"), 0, False),
        "serving: dense layers by tokens": (lambda: serving("dense", ["tokens"], ["layer"]), None, False),
        "serving: per sequence": (lambda: serving("per_sequence", ["sequences"], ["layer"]), None, False),
        "serving: attention": (lambda: serving("attention", attention), None, False),
    }


def percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f}%"


def line(name: str, found: dict[str, Any]) -> str:
    cells = [f"{percent(one['median'])} / {percent(one['p90'])}" for one in found.values()]
    return f"{name:<48} " + " ".join(f"{cell:>20}" for cell in cells)


def show(name: str, facts: dict[str, Any]) -> None:
    """Print one table's errors."""
    print(f"\n{name}: {facts['configurations']} configurations, repeats differ by {percent(facts['repeat_spread'])}")
    print(f"{'median / p90 of the absolute error':<48} " + " ".join(f"{rule:>20}" for rule in facts["held_out"]))
    print(line("configurations held out", facts["held_out"]))
    for kind in ("resolution_held_out", "largest_level_held_out", "every_level_held_out"):
        for column, found in facts.get(kind, {}).items():
            print(line(f"{kind.replace('_', ' ')}: {column}", found))
    for device, one in facts.get("by_device", {}).items():
        print(line(f"  {device}", {"model": one}), flush=True)


def thinned(table: Table, most: int) -> Table:
    """Evenly spread configurations of a table too large to cross-validate here."""
    return table if len(table) <= most else table.pick(range(0, len(table), -(-len(table) // most)))


def main() -> None:
    """Measure every table, print, write the JSON."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--only", help="tables whose name has this part; nothing is written without --out")
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    if not data().exists():
        print(f"skipped: there is no folder {data()}; set MURAKKAB_DATA to the folder with the data")
        return
    facts: dict[str, Any] = {}
    for name, (made, device, levels) in tables().items():
        if given.only is None or given.only in name:
            table = thinned(made(), 2500)
            facts[name] = measured(table, rules_for(table, name.endswith("step")), device=device, levels=levels)
            show(name, facts[name])
    if given.only is None or given.out:
        print(write("latency_models", {"aims": AIMS, "tables": facts}, given.out))


if __name__ == "__main__":
    main()
