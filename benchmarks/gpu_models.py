"""Full-size models with random weights on an accelerator: seconds, memory, energy, and how well they are predicted.

    python -m benchmarks.gpu_models [--only MODEL] [--limit-s 500] [--out FILE]
    python -m benchmarks.gpu_models --told           # tables of what was measured; needs neither torch nor accelerator
    python -m benchmarks.gpu_models --tiny --device cpu

A 12-billion-parameter Flux transformer by resolution and steps, a language model of 8 billion parameters by batch, the
film transformer of Wan 2.1 (1.3 billion) by frames in three parts, and the UNet of SDXL, each with its text encoders
and autoencoder, by the adapters that run models of a hub. Weights are drawn on the device; nothing is downloaded.
Each case is written as soon as it was measured; the next call goes on there. Needs the extras ``torch``, ``diffusers``
and, for energy, ``gpu``, and 48 GiB on the accelerator.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks import gpu_told
from benchmarks.harness import RESULTS, machine

Row = dict[str, Any]

PRODUCT = ("runtimes", "benchmarks/gpu_architectures.py", "benchmarks/gpu_cases.py", "benchmarks/gpu_timing.py")
"""What is measured; a figure of other contents is another figure."""


def main(arguments: list[str] | None = None) -> None:
    """Measure what is not yet measured, print the tables, write the JSON."""
    given = asked(arguments)
    out = given.out or (Path(tempfile.mkdtemp()) / "gpu_models.json" if given.tiny else RESULTS / "gpu_models.json")
    if given.told:
        tell(out, json.loads(out.read_text()))
        return
    device = chosen(given.device)
    facts = begun(out, setup(device, tiny=given.tiny))
    print(", ".join(f"{name} {value}" for name, value in facts["setup"].items()), flush=True)
    whole = measure(facts, out, device, given)
    tell(out, facts)
    if not whole:
        print("not everything is measured; the same command goes on")


def asked(arguments: list[str] | None) -> argparse.Namespace:
    """The command's options."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    options.add_argument("--tiny", action="store_true", help="the same classes, tiny: to see that everything runs")
    options.add_argument("--only", help="models whose name has this part")
    options.add_argument("--limit-s", type=float, default=500, help="no case is begun after so many seconds")
    options.add_argument("--told", action="store_true", help="only tell what was measured")
    options.add_argument("--out", type=Path)
    return options.parse_args(arguments)


def chosen(name: str) -> Any:  # noqa: ANN401 - a torch device
    """The device, which must be the one that the adapters take.

    Raises:
        SystemExit: it is not there.
    """
    try:
        import diffusers  # noqa: F401

        from murakkab_runtimes.hub.device import pick_device
    except ImportError as fault:
        raise SystemExit(f"{fault}; run: pip install 'murakkab[torch,diffusers,gpu]'") from None
    device = pick_device()
    if device.type != name:
        raise SystemExit(f"the adapters would take {device} here, not {name}; give --device, or CUDA_VISIBLE_DEVICES=")
    return device


def setup(device: Any, *, tiny: bool) -> dict[str, Any]:  # noqa: ANN401 - a torch device
    """What figures depend on: device, software, contents of the adapters."""
    import torch

    gpu = torch.cuda.get_device_properties(device) if device.type == "cuda" else None
    return {
        "device": gpu.name if gpu else f"{platform.machine()}, {os.cpu_count()} cores",
        "memory_mib": round(gpu.total_memory / 2**20) if gpu else 0,
        "driver": driver() if gpu else "",
        "cuda": torch.version.cuda or "",
        **{name: installed(name) for name in ("torch", "diffusers", "transformers")},
        "tiny": tiny,
        "contents": contents(),
    }


def driver() -> str:
    """Version of the driver of the accelerator."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[0].strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def installed(name: str) -> str:
    """Version of a package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def contents() -> str:
    """A short hash of the files that are measured; they may lie on a machine without Git."""
    from hashlib import sha256

    root, found = Path(__file__).resolve().parent.parent, sha256()
    for name in PRODUCT:
        files = [root / name] if name.endswith(".py") else sorted((root / name / "murakkab_runtimes").rglob("*.py"))
        for file in files:
            found.update(file.read_bytes())
    return found.hexdigest()[:12]


def begun(out: Path, now: dict[str, Any]) -> dict[str, Any]:
    """What was measured before, or nothing yet.

    Raises:
        SystemExit: it was measured with something else.
    """
    facts: dict[str, Any] = json.loads(out.read_text()) if out.exists() else {"setup": now, "rows": []}
    before = facts["setup"]
    other = [f"{name} {before.get(name)!r}, now {value!r}" for name, value in now.items() if before.get(name) != value]
    if other:
        raise SystemExit(f"{out} was measured with {'; '.join(other)}: remove it, or give another file with --out")
    return facts | {"machine": machine()}


def measure(facts: dict[str, Any], out: Path, device: Any, given: argparse.Namespace) -> bool:  # noqa: ANN401
    """Measure case after case; returns whether all of them are measured."""
    from benchmarks.gpu_cases import groups

    end = time.monotonic() + given.limit_s
    whole = True
    for group in groups(tiny=given.tiny):
        left = [case for case in group.cases if not known(facts["rows"], group.name, case)]
        if not left or (given.only and given.only not in group.name):
            continue
        try:
            for row in rows_of(group, left, device, end, tiny=given.tiny):
                facts["rows"].append(row)
                save(out, facts)
                print(gpu_told.table([row])[1], flush=True)
        except Exception as fault:
            print(f"{group.name}: {type(fault).__name__}: {fault}", flush=True)
        whole = whole and all(known(facts["rows"], group.name, case) for case in group.cases)
    return whole


def rows_of(group: Any, cases: list[dict[str, int]], device: Any, end: float, *, tiny: bool) -> Iterator[Row]:  # noqa: ANN401
    """The figures of a model's cases."""
    from benchmarks.gpu_cases import free, loaded
    from benchmarks.gpu_timing import REPEATS, measured

    if time.monotonic() > end:
        return
    with loaded(group, device, tiny=tiny) as (model, load_s):
        seen = set()
        for case in cases:
            if time.monotonic() > end:
                break
            shape = tuple(case[name] for name in group.shape)
            found = measured(model, case, device, warm=tiny or shape in seen, repeats=(1, 1) if tiny else REPEATS)
            seen.add(shape)
            yield {
                "model": group.name,
                "case": case,
                **found,
                "weights_mb": round(model.weights_mb),
                "load_s": round(load_s, 2),
            }
    del model
    free()


def known(rows: list[Row], model: str, case: dict[str, int]) -> bool:
    """Whether a case was measured."""
    return any(row["model"] == model and row["case"] == case for row in rows)


def save(out: Path, facts: dict[str, Any]) -> None:
    """Write everything, whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(".part")
    part.write_text(json.dumps(facts, indent=2) + "\n")
    part.replace(out)


def tell(out: Path, facts: dict[str, Any]) -> None:
    """Print the tables and write what they say."""
    rows = facts["rows"]
    facts |= {"published": gpu_told.beside(rows), "latency_model": gpu_told.predicted(rows)}
    print("\n".join([*gpu_told.table(rows), *gpu_told.told(facts)]))
    save(out, facts)
    print(f"written to {out}")


if __name__ == "__main__":
    main()
