"""What planners of fleets are measured on: a chat trace as requests of workflows, at any load, with a spike or not."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

import msgspec

from benchmarks.fleet_pools import Request
from murakkab_optimizer.planner.fleet import ClassLoad, Demand
from murakkab_runtimes.fleets import Fleet
from murakkab_runtimes.fleets.trace import Chat

EPOCH_S, SLOT_S, STRETCH = 3600.0, 300.0, 6.0
UNKNOWN = 0.1
"""Standard deviation of the logarithm of how far the speed of a model is off its profile."""


class Scene(msgspec.Struct, frozen=True):
    """What all planners meet: requests, and what they do not know of the machines."""

    fleet: Fleet
    requests: list[Request]
    end_s: float
    factors: list[float]
    seen: list[Demand]

    def window(self) -> tuple[float, float]:
        """What is counted: all but the first epoch."""
        return EPOCH_S, self.end_s


def scene(
    fleet: Fleet, chats: Sequence[Chat], load: float, seed: int, spike: tuple[float, float, float] | None
) -> Scene:
    """Requests at a load; ``spike``: how many times as many, from and until which second."""
    chance = random.Random(f"{seed} {load}")
    p90 = sorted(chat.generated for chat in chats)[int(0.9 * len(chats))]
    requests = sorted(
        (_request(fleet, chat, at, p90, chance) for at, chat in _arrivals(chats, load, spike, chance)),
        key=lambda request: request.at_s,
    )
    end = STRETCH * max(chat.at_s for chat in chats)
    factors = [math.exp(chance.gauss(0, UNKNOWN)) if p.unit == "token" else 1.0 for p in fleet.catalogue.profiles]
    return Scene(fleet, requests, end, factors, list(_seen(fleet, requests, end)))


def _arrivals(
    chats: Sequence[Chat], load: float, spike: tuple[float, float, float] | None, chance: random.Random
) -> Iterator[tuple[float, Chat]]:
    """Every chat so many times on average, each time up to a minute of the trace earlier or later."""
    for chat in chats:
        at = STRETCH * chat.at_s
        more = spike[0] if spike and spike[1] <= at < spike[2] else 1.0
        whole = load * more
        for _ in range(int(whole) + (chance.random() < whole % 1)):
            moved = at + STRETCH * chance.uniform(-60, 60)
            if spike and (spike[1] <= at < spike[2]) != (spike[1] <= moved < spike[2]):
                moved = at
            yield max(moved, 0.0), chat


def _request(fleet: Fleet, chat: Chat, at: float, p90: int, chance: random.Random) -> Request:
    workflow, mark = fleet.split.workflow(chat.context), chance.random()
    mine = [(i, one.share) for i, one in enumerate(fleet.classes) if one.workflow == workflow]
    number = chance.choices([i for i, _ in mine], [share for _, share in mine])[0]
    return Request(at, number, chat.generated / p90, mark)


def _seen(fleet: Fleet, requests: Sequence[Request], end: float) -> Iterator[Demand]:
    """What came, by epoch and slot; the last epoch, cut short, is never looked back on."""
    slots = int(EPOCH_S / SLOT_S)
    epochs = math.ceil(end / EPOCH_S)
    counts = [[[0] * slots for _ in fleet.classes] for _ in range(epochs)]
    for request in requests:
        if request.at_s < end:
            epoch = int(request.at_s / EPOCH_S)
            counts[epoch][request.load][int(request.at_s % EPOCH_S / SLOT_S)] += 1
    for epoch in counts:
        loads = (
            ClassLoad(c.request, tuple(n / SLOT_S for n in row)) for c, row in zip(fleet.classes, epoch, strict=True)
        )
        yield Demand(tuple(loads))
