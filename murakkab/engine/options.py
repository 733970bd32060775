"""How an engine runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from murakkab.engine.cache import BUDGET_BYTES
from murakkab.engine.observing import Observer

if TYPE_CHECKING:
    from murakkab.engine.driver import Driver


@dataclass(frozen=True)
class EngineOptions:
    """How an engine runs.

    Attributes:
        runs: folder of the runs.
        cores: threads that tasks may use together; by default those of the machine.
        llm: base URL of an OpenAI-compatible server to write with, if any.
        policy: name of the queue policy.
        rungs: name of the policy that says how good each shot is made.
        cache: whether results are kept for, and taken from, other runs; the environment variable ``MURAKKAB_CACHE=off``
            switches it off where nothing else is said.
        cache_bytes: what the kept results may take.
        broker: URL of the Redis at which workers of other machines are; empty for processes of this one.
        observers: make what watches the engine; each is given its driver.
        store: URL of a folder that artifacts go through where those machines do not share the folder of the runs, for
            example ``s3://bucket/prefix``; empty where they do.
    """

    runs: Path
    cores: int | None = None
    llm: str | None = None
    policy: str = "least-slack"
    rungs: str = "adaptive"
    cache: bool = field(default_factory=lambda: os.environ.get("MURAKKAB_CACHE", "").lower() not in ("off", "0", "no"))
    observers: tuple[Callable[[Driver], Observer], ...] = ()
    cache_bytes: int = BUDGET_BYTES
    broker: str = ""
    store: str = ""
