"""How long a worker may be silent before it is taken for hung."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from murakkab.engine.watched import SILENCE_S, WatchedFleet
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.messages import Load, Request, Run


class Silent(WatchedFleet):
    """Workers that never answer."""

    def send(self, worker: str, request: Request) -> None:
        """Nobody listens."""

    def _kill(self, worker: str, reason: str) -> None:
        """Nobody is there."""

    def left_s(self, worker: str) -> float:
        """Seconds until a worker is ended; then nothing is waited for."""
        left = self._watch[worker][1].when() - asyncio.get_running_loop().time()
        self._unwatch()
        return left


@pytest.mark.parametrize(
    ("weights_mb", "knobs", "seconds"),
    [
        (0.0, {}, SILENCE_S),
        (55_000.0, {}, 1100.0),
        (500.0, {"compile": False}, SILENCE_S),
        (500.0, {"compile": True}, 1800.0),
    ],
)
def test_large_models_and_those_that_are_compiled_may_be_silent_for_longer(
    weights_mb: float, knobs: dict[str, Any], seconds: float
) -> None:
    card = msgspec.structs.replace(load_catalog()["toy-heavy"], weights_mb=weights_mb, knobs=knobs)
    tasks = Run("r/n/-#1", "store", card, knobs, 1, {}, 0)

    async def waited() -> tuple[float, ...]:
        fleet = Silent()
        fleet.load("w", Load(card))
        load_s = fleet.left_s("w")
        fleet.run("w", tasks)
        run_s = fleet.left_s("w")
        fleet.run("w", tasks, timeout_s=3600.0)
        return load_s, run_s, fleet.left_s("w")

    assert asyncio.run(waited()) == pytest.approx((seconds, seconds, 3600.0), abs=30)
