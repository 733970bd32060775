"""Figures of plans in words: seconds, money, energy, quality, devices."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from murakkab_optimizer.hardware import CPU, Cluster
from murakkab_optimizer.plan import Configuration, Instances, NodePlan

NAMES = {
    "ttff": "first item shown (ttff)",
    "realtime": "wait of the viewer (realtime)",
    "latency": "all made (latency)",
    "cost": "cost",
    "energy": "energy",
    "quality": "quality",
}
"""What a promise is about, by its name."""


TIME_OVER = "time was over: a better plan may exist, and what binds is not told; --time-limit allows more"
"""Note of a plan whose search was ended."""

NOT_TOLD = "time was over before all was found out that giving way would buy; --time-limit allows more"
"""Note of a plan that is proven, where only that was ended."""

PROVEN = 1e-3
"""Share by which no plan is better: nobody asks for more of a proof."""


def amount(value: float) -> str:
    """A number with three significant digits, without an exponent where one can do without."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(2 - math.floor(math.log10(abs(value))), 0)
    return f"{value:,.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:,.0f}"


def seconds(value: float) -> str:
    """``0.42 s``, ``27.5 s``, ``4 min 12 s``, ``2 h 05 min``."""
    if abs(value) < 120 or not math.isfinite(value):
        return f"{amount(value)} s"
    whole = round(value)
    if whole < 2 * 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def money(value: float) -> str:
    """US dollars: cents from one dollar on, three digits below."""
    if value == 0 or abs(value) >= 1:
        return f"${value:,.2f}"
    text = amount(value)
    return f"${text}" + "0" * (2 - len(text.partition(".")[2]))


def figure(name: str, value: float) -> str:
    """A value of a promise or an objective, in its unit."""
    match name:
        case "ttff" | "latency" | "realtime":
            return seconds(value)
        case "cost":
            return money(value)
        case "energy":
            return f"{amount(value)} Wh"
        case "quality":
            return f"{value:.2f}" if value >= 0.1 else amount(value)
    return amount(value)


def told(value: Any) -> str:  # noqa: ANN401 - a value of a knob
    """The value of a knob as one writes it in YAML."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def settings(knobs: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> str:
    """The knobs that are not at their default; all where no defaults are known."""
    odd = {name: value for name, value in knobs.items() if defaults is None or defaults.get(name) != value}
    return " ".join(f"{name}={told(value)}" for name, value in odd.items())


def share(group: Instances) -> str:
    """What one instance of a group runs on: ``1 core``, ``4 A100 spot``."""
    marks = ["spot"] if group.spot else []
    marks += [f"in {group.region}"] if group.region else []
    what = _cores(group.devices) if group.device in ("", CPU) else f"{group.devices} {group.device}"
    return " ".join([what, *marks])


def groups(choice: NodePlan) -> tuple[Instances, ...]:
    """The instances of a node; where the plan lists none, the one that its configuration takes."""
    if choice.instances:
        return choice.instances
    chosen = choice.chosen
    return (Instances(chosen.model, chosen.device, chosen.devices or chosen.needs.threads),)


def rented(instances: Iterable[Instances]) -> str:
    """All accelerators together: ``8 A100 spot, 2 H200``; empty where there are none."""
    counts: Counter[str] = Counter()
    for group in instances:
        if group.device not in ("", CPU) and group.devices:
            name = share(group).split(" ", 1)[1]
            counts[name] += group.devices * group.count
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def machines(cluster: Cluster) -> str:
    """What a cluster has: ``2 cores, 256 A100 spot``."""
    groups = (Instances("", o.device.name, o.count, spot=o.spot, region=o.region) for o in cluster.offers)
    return ", ".join(share(group) for group in groups)


def place(chosen: Configuration) -> str:
    """Where a configuration runs, one instance of it."""
    return share(Instances(chosen.model, chosen.device, chosen.devices or chosen.needs.threads))


def _cores(count: int) -> str:
    return "part of a core" if count == 0 else f"{count} core" + ("s" if count != 1 else "")
