"""Seconds, memory and energy of one case of ``gpu_models``."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.gpu_cases import Case, Model, free
from murakkab.profiling.clock import AcceleratorCounter
from murakkab_runtimes.base import OutOfMemory

REPEATS = (2, 5)
"""A case is measured so often at least, and at most where it is short."""

ENOUGH_S = 4.0
"""Seconds after which a case is not repeated any more."""

Row = dict[str, Any]


def measured(model: Model, case: Case, device: Any, *, warm: bool, repeats: tuple[int, int] = REPEATS) -> Row:  # noqa: ANN401 - a torch device
    """Figures of one case; what does not fit into the device is a figure, too.

    Args:
        model: that does it.
        case: how much work it is.
        device: where it is done.
        warm: whether the shape was seen before; if not, it is done once more, and that once is told apart.
        repeats: the fewest and the most.
    """
    import torch

    free()
    try:
        first = None if warm else timed(model, case, device)[0]
        counter = AcceleratorCounter()
        runs: list[tuple[float, float | None]] = []
        while len(runs) < repeats[0] or (len(runs) < repeats[1] and sum(run[0] for run in runs) < ENOUGH_S):
            runs.append(timed(model, case, device))
        joules = counter.joules() / len(runs)
    except OutOfMemory as fault:
        return {"does_not_fit": str(fault).partition("\n")[0]}
    steps = [step for _, step in runs if step is not None]
    row: Row = {"seconds": [round(seconds, 4) for seconds, _ in runs]}
    row |= {"first_s": round(first, 4)} if first is not None else {}
    row |= {"step_s": round(statistics.median(steps), 5)} if steps else {}
    row |= {"joules": round(joules, 1)} if counter.there else {}
    if device.type == "cuda":
        row["reserved_mb"] = round(torch.cuda.max_memory_reserved(device) / 2**20)
        row["allocated_mb"] = round(torch.cuda.max_memory_allocated(device) / 2**20)
    return row


class Moments:
    """When the steps of a task were done: on an accelerator by its own clock."""

    def __init__(self, device: Any) -> None:  # noqa: ANN401 - a torch device
        self._on_gpu = device.type == "cuda"
        self._seen: list[Any] = []
        self._done = 0.0

    def __call__(self, done: float) -> None:
        """A step is done, if more is done than before: between two of them models only say that they go on."""
        if done > self._done:
            self._done = done
            self._seen.append(self._now())

    def step_s(self) -> float | None:
        """Mean seconds of a step after the first; None where there are fewer than two."""
        if len(self._seen) < 2:
            return None
        first, last = self._seen[0], self._seen[-1]
        if self._on_gpu:
            last.synchronize()
        total = first.elapsed_time(last) / 1000 if self._on_gpu else last - first
        return float(total / (len(self._seen) - 1))

    def _now(self) -> Any:  # noqa: ANN401 - an event or a moment
        if not self._on_gpu:
            return time.perf_counter()
        import torch

        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event


def timed(model: Model, case: Case, device: Any) -> tuple[float, float | None]:  # noqa: ANN401 - a torch device
    """Seconds of a case, its files written, and of a step of it.

    Raises:
        FloatingPointError: pictures are no numbers; the time of such is another one.
    """
    import numpy as np
    import torch

    moments = Moments(device)
    with tempfile.TemporaryDirectory(prefix="murakkab-gpu-") as scratch:
        began = time.perf_counter()
        with np.errstate(invalid="raise"):
            model.do(case, Path(scratch), moments)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - began, moments.step_s()
