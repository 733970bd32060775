"""The slots of one machine: started, replaced when they die, drained when told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from murakkab_runtimes.base import lighter_here, obstacle
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.workers.binding import Accelerator, device_name, environment, takes
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.cluster.leftovers import end_session
from murakkab_runtimes.workers.cluster.slot import BROKER

SPARE = 2
"""Slots beside those for the cores: they hold large models, or take tasks that are too short to count."""

DRAIN_S = 1800.0
"""A task in hand gets this long to end once its machine is told to leave."""

_RESTART_S = (0.0, 1.0, 5.0, 15.0)
_WELL_S = 60.0
_SINGLE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass
class _Place:
    """A slot, its process, and when the next one may be started."""

    slot: wire.Slot
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    deaths: int = 0
    next: float = 0.0


class Machine:
    """Runs the slots of a machine until it is told to stop.

    Args:
        broker: URL of the Redis.
        name: of the machine; unique in the cluster.
        cores: threads that tasks may use here together.
        tell: takes what a person should know.
        accelerators: that tasks may use here; each has a process of its own, and the others see none.
        pace: of its cores, see ``wire.Slot``.

    Attributes:
        ended: by slot, how often its process ended without being told to.

    """

    def __init__(
        self,
        broker: str,
        name: str,
        cores: int,
        tell: Callable[[str], None],
        accelerators: Sequence[Accelerator] = (),
        pace: Mapping[str, float] | None = None,
    ) -> None:
        self._broker, self._tell = broker, tell
        self._places = [_Place(slot) for slot in slots(name, cores, accelerators, pace or {})]
        self._told = 0
        self.ended: Counter[str] = Counter()

    @property
    def names(self) -> list[str]:
        """Names of the slots."""
        return [place.slot.name for place in self._places]

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by slot."""
        return {place.slot.name: place.process.pid for place in self._places if place.process is not None}

    def run(self) -> None:
        """Start the slots and keep them running; SIGTERM and SIGINT drain them, a second one ends them."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        while not self._told:
            self._tend(time.monotonic())
            time.sleep(0.1)
        self._wait(time.monotonic() + DRAIN_S)

    def stop(self) -> None:
        """Let the tasks in hand end; when told again, end them."""
        self._told += 1
        if self._told == 1:
            self._tell("finishing the tasks in hand; once more ends them")
        self._signal(signal.SIGTERM if self._told == 1 else signal.SIGQUIT)

    def _tend(self, now: float) -> None:
        for place in self._places:
            if place.process is not None and (code := place.process.poll()) is not None:
                self._lost(place, code, now)
            if place.process is None and now >= place.next and not self._told:
                place.process, place.began = self._start(place.slot), now

    def _lost(self, place: _Place, code: int, now: float) -> None:
        self._clear(place)
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        place.deaths = 0 if now - place.began > _WELL_S else place.deaths
        delay = _RESTART_S[min(place.deaths, len(_RESTART_S) - 1)]
        self._tell(f"slot {place.slot.name} ended with {how}; another one starts in {delay:g} s")
        self.ended[place.slot.name] += 1
        place.next = now + delay
        place.deaths += 1

    def _start(self, slot: wire.Slot) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "murakkab_runtimes.workers.cluster.slot", msgspec.json.encode(slot).decode()],
            stdin=subprocess.DEVNULL,
            env={**os.environ, **_SINGLE_THREAD, **environment(slot.accelerator), BROKER: self._broker},
            start_new_session=True,
        )

    def _signal(self, number: int) -> None:
        for process in self._running():
            process.send_signal(number)

    def _running(self) -> list[subprocess.Popen[bytes]]:
        return [p.process for p in self._places if p.process is not None and p.process.poll() is None]

    def _wait(self, until: float) -> None:
        while left := [place for place in self._places if place.process is not None]:
            for place in left:
                if time.monotonic() >= until or place.process not in self._running():
                    self._clear(place)
            time.sleep(0.05)

    @staticmethod
    def _clear(place: _Place) -> None:
        """End what is left of a slot's process and of all that it started, at once: its id may soon be another's."""
        if place.process is not None:
            end_session(place.process.pid)
            place.process = None


def slots(machine: str, cores: int, accelerators: Sequence[Accelerator], pace: Mapping[str, float]) -> list[wire.Slot]:
    """One slot a core, the spare ones, and one an accelerator, which brings no thread of its own."""
    version, digest, memory = wire.this_version(), wire.catalogue_digest(), _memory_mb()
    cards = [card for card in load_catalog().values() if not obstacle(card)]
    packages = {name for card in cards for light in lighter_here(card) for name in light.packages}

    def slot(number: int, bound: Accelerator | None) -> wire.Slot:
        name, device = f"{machine}-{number + 1}", device_name(bound)
        return wire.Slot(
            name=name,
            machine=machine,
            device=device,
            cores=1 if number < cores else 0,
            width=cores,
            memory_mb=memory if bound is None else bound.memory_mb,
            version=version,
            digest=digest,
            queue=wire.queue(device, name),
            hostname=f"{name}@{machine}",
            models=tuple(sorted(card.name for card in cards if takes(bound, card))),
            accelerator=bound,
            pace=dict(pace) if bound is None else {},
            packages=tuple(sorted(packages)),
        )

    return [slot(*place) for place in enumerate([*[None] * (cores + SPARE), *accelerators])]


def _memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
