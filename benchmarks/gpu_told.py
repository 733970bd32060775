"""What the figures of ``gpu_models`` say: a table, published figures beside them, and how well they are predicted."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks.latency_models import data, percent, read, shown
from murakkab_optimizer.profiles.latency import fit, tabulate

Row = dict[str, Any]

PUBLISHED = "NVIDIA H100 80GB HBM3"
"""The device of StreamWise's table whose figures stand beside ours, one of it."""

FEWEST = 6
"""Configurations from which on it is said how well a model predicts those that it has not seen."""


def table(rows: Sequence[Row]) -> list[str]:
    """Lines of a table, a case each."""
    found = [f"{'model':<18}{'case':<46}{'seconds':>9}{'spread':>9}{'step s':>9}{'MiB':>8}{'weights':>9}{'J':>9}"]
    for row in rows:
        case = " ".join(f"{name}={value}" for name, value in row["case"].items())
        if fault := row.get("does_not_fit"):
            found.append(f"{row['model']:<18}{case:<46} {fault}")
            continue
        spread = percent(max(row["seconds"]) / min(row["seconds"]) - 1)
        figures = f"{median(row):>9.3f} {spread:>8}{number(row.get('step_s'), 4):>9}{number(row.get('reserved_mb')):>8}"
        found.append(f"{row['model']:<18}{case:<46}{figures}{row['weights_mb']:>9.0f}{number(row.get('joules')):>9}")
    return found


def median(row: Row) -> float:
    """Of a case's seconds."""
    return statistics.median(row["seconds"])


def number(value: float | None, places: int = 0) -> str:
    """A number, or a dash."""
    return "-" if value is None else f"{value:.{places}f}"


def published() -> dict[tuple[int, int, int], tuple[float, float]]:
    """Width, height and steps to the median seconds of a picture by Flux and of a step; empty without the data."""
    path = data() / "profiles/streamwise_raw/flux.csv"
    if not path.exists():
        return {}
    found: dict[tuple[int, int, int], list[tuple[float, float]]] = {}
    for row in read(path):
        if row["gpu_model"] == PUBLISHED and row["world_size"] == "1" and float(row["avg_steps_time"] or 0) > 0:
            key = int(row["width"]), int(row["height"]), int(row["num_steps"])
            found.setdefault(key, []).append((float(row["total_time"]), float(row["avg_steps_time"])))
    return {
        key: (statistics.median(total for total, _ in runs), statistics.median(step for _, step in runs))
        for key, runs in found.items()
    }


def beside(rows: Sequence[Row]) -> list[Row]:
    """Our cases of Flux of which figures were published, with these and the ratio of ours to them."""
    known, found = published(), []
    for row in rows:
        case = row["case"]
        if not row["model"].startswith("flux") or "seconds" not in row:
            continue
        theirs = known.get((case["width"], case["height"], case["steps"]))
        if theirs:
            ratio = {"ratio": round(median(row) / theirs[0], 3)}
            ours = {"seconds": round(median(row), 4), "step_s": row.get("step_s")}
            found.append(
                {"model": row["model"], **case, **ours, "published_s": theirs[0], "published_step_s": theirs[1]} | ratio
            )
    return found


def predicted(rows: Sequence[Row]) -> dict[str, Row]:
    """Errors of a latency model of each measured model, on configurations and levels that were held out."""
    found: dict[str, Row] = {}
    for name in dict.fromkeys(row["model"] for row in rows):
        runs = [
            {**row["case"], "seconds": seconds}
            for row in rows
            if row["model"] == name
            for seconds in row.get("seconds", ())
        ]
        columns = [column for column in (runs[0] if runs else {}) if column != "seconds"]
        if len({tuple(run[column] for column in columns) for run in runs}) >= FEWEST:
            found[name] = errors(runs, columns)
    return found


def errors(runs: Sequence[Row], columns: Sequence[str]) -> Row:
    """Median and 90th percentile of the absolute error, beside those of the best linear rule and of repeats."""
    model = fit(tabulate(runs, "seconds", columns))
    return {
        "configurations": model.configurations,
        "repeats": round(model.noise, 5),
        "held_out": shown(model.error),
        "linear": shown(model.linear_error),
        "largest_level_held_out": {column: shown(one) for column, one in model.extrapolation.items()},
        "largest_level_linear": {column: shown(one) for column, one in model.linear_extrapolation.items()},
    }


def told(facts: Row) -> list[str]:
    """Published figures and errors of prediction as lines."""
    lines = [
        f"\n{'published by StreamWise, one ' + PUBLISHED + ', compiled':<64}{'ours s':>9}{'theirs s':>10}{'ratio':>8}"
    ]
    for one in facts["published"]:
        case = f"{one['model']} {one['width']}x{one['height']}, {one['steps']} steps"
        lines.append(f"{case:<64}{one['seconds']:>9.3f}{one['published_s']:>10.3f}{one['ratio']:>8.2f}")
    if not facts["published"]:
        lines = ["\nnothing published to set beside: no case of Flux at a published size, or no folder MURAKKAB_DATA"]
    lines.append(
        f"\n{'latency model, median / p90 of the absolute error':<64}{'ours':>18}{'best linear':>18}{'repeats':>9}"
    )
    for name, found in facts["latency_model"].items():
        here = f"{name}: configurations held out, of {found['configurations']}"
        lines.append(
            f"{here:<64}{pair(found['held_out']):>18}{pair(found['linear']):>18}{percent(found['repeats']):>9}"
        )
        for column, one in found["largest_level_held_out"].items():
            there = found["largest_level_linear"].get(column)
            lines.append(f"{'  largest ' + column + ' held out':<64}{pair(one):>18}{pair(there):>18}")
    return lines


def pair(one: Row | None) -> str:
    """Median and 90th percentile."""
    return "-" if one is None else f"{percent(one['median'])} / {percent(one['p90'])}"
