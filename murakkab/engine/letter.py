"""An order for a process of a slot, as it is given over a Redis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.messages import Run

FOLLOW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[1] then
  if ARGV[4] ~= '' then
    redis.call('XADD', KEYS[4], '*', 'said', ARGV[4])
    redis.call('EXPIRE', KEYS[4], ARGV[3])
  end
  return 0
end
if KEYS[5] and not redis.call('SET', KEYS[5], ARGV[5], 'NX', 'EX', ARGV[6]) then return 1 end
redis.call('RPUSH', KEYS[3], ARGV[2])
redis.call('EXPIRE', KEYS[3], ARGV[3])
return 1
"""
"""Give an order to a process that waits for more and is the engine's; an attempt that somebody began is not given."""

REPEATED_S = 1200
"""What a client tries again comes within this time (``redis_link``): so long the broker knows what it was given."""


@dataclass(frozen=True)
class Letter:
    """An order for a process of a slot."""

    slot: wire.Slot
    order: wire.Order
    child: str

    @property
    def lease(self) -> str:
        """Of the attempt; empty for a load."""
        return self.order.request.lease if isinstance(self.order.request, Run) else ""

    def following(self, told: bool) -> tuple[list[str], list[Any]]:
        """Keys and arguments of ``FOLLOW``; ``told``: whether the engine is told in its stream when it is refused."""
        engine, name = self.order.engine, self.slot.name
        keys = [wire.session(self.child), wire.owner(name), wire.following(self.child), wire.replies(engine)]
        refusal = msgspec.json.encode(wire.Said(name, "", 0, 0, wire.Refused(self.lease))) if told else b""
        arguments: list[Any] = [engine, msgspec.json.encode(self.order), wire.REPLIES_S, refusal]
        if not self.lease:
            return keys, arguments
        return [*keys, wire.attempted(engine, self.lease)], [*arguments, self.child, REPEATED_S]
