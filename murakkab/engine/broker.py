"""What an engine says to a Redis and reads there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import msgspec

from murakkab.engine.errors import FAILED, USAGE, UserError
from murakkab.engine.letter import FOLLOW, Letter
from murakkab_runtimes.workers.cluster import wire
from murakkab_runtimes.workers.cluster.app import LONGEST_S

_OWN = """
local mine = {}
for i, key in ipairs(KEYS) do
  local held = redis.call('GET', key)
  if not held or held == ARGV[1] then
    redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
    mine[#mine + 1] = i
  end
end
return mine
"""

_RELEASE = """
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) end
end
"""

_TAKE_BACK = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
"""

_ENGINE_S = 4.0
"""An engine that has not said for this long that it has something to do has nothing."""

_SCALED_MS = 15_000
"""So long it counts that an autoscaler was there: its looks may be slow."""

_BLOCK_MS = 1000

_TRIP_S = 15.0
"""A broker that does not answer a look at the replies for this long is away. The client's own limit costs more."""

_AT_ONCE = 500
_KEPT_REPLIES = 250


class Refusal(OSError):
    """The broker answers, and does not do what it is asked: a full disk or memory, a replica, a password."""


@dataclass(frozen=True)
class Look:
    """What was read.

    Attributes:
        slots: with state and age in seconds.
        taken: names of those that other engines own.
        others: how many other engines have something to do.

    """

    slots: list[tuple[wire.Slot, wire.State | None, float]]
    taken: set[str]
    others: int


class Broker:
    """One engine's side of a Redis.

    Args:
        url: ``redis://``, ``rediss://`` (TLS) or ``unix://``.
        engine: id of the engine.

    Raises:
        UserError: the URL is none, or the packages for it are missing.

    """

    def __init__(self, url: str, engine: str) -> None:
        try:
            from murakkab_runtimes.workers.cluster.app import make_app
            from murakkab_runtimes.workers.cluster.redis_link import connect, connect_async

            self.shown = without_password(url)
            self._async = connect_async(url)
            self._stream = connect_async(url, socket_timeout=None)  # see _TRIP_S
            self._sync = connect(url)
            self._follow = self._sync.register_script(FOLLOW)
            self._app = make_app(url)
        except ImportError:
            raise UserError("--broker needs Celery", "pip install 'murakkab[cluster]'", FAILED) from None
        except ValueError as fault:
            raise UserError(f"'{url}' is no address of a Redis: {fault}", "Write redis://host:6379/0.", USAGE) from None
        self._engine = engine
        self._last = "0"
        self._untrimmed = 0
        self._tasks: dict[str, str] = {}

    async def reach(self) -> None:
        """Check that the broker answers; UserError says what to do."""
        from redis.exceptions import AuthenticationError, RedisError

        try:
            async with asyncio.timeout(10):
                await self._async.ping()
        except AuthenticationError as fault:
            raise UserError(
                f"the broker {self.shown} refuses: {fault}", "Give its password: redis://:PASSWORD@host:6379/0.", FAILED
            ) from None
        except (RedisError, OSError, TimeoutError) as fault:
            raise UserError(
                f"cannot reach the broker {self.shown}: {fault or 'no answer'}",
                "Start Redis there (redis-server), or correct --broker.",
                FAILED,
            ) from None

    async def read(self) -> Look:
        """Read all slots; OSError when the broker is away, Refusal when it refuses: so does whatever follows."""
        with _as_os_error():
            seconds, micros = await self._async.time()
            now = seconds + micros / 1e6
            names = await self._async.zrangebyscore(wire.SLOTS, now - wire.FORGET_S, "+inf", withscores=True)
            kinds = (wire.announcement, wire.state, wire.owner)
            keys = [key(name.decode()) for name, _ in names for key in kinds]
            values = await self._async.mget(keys) if keys else []
            engines = await self._async.zrangebyscore(wire.ENGINES, now - _ENGINE_S, "+inf")
        slots, taken = [], set()
        for (name, at), slot, state, owner in zip(names, values[::3], values[1::3], values[2::3], strict=True):
            if owner is not None and owner.decode() != self._engine:
                taken.add(name.decode())
            if slot is not None:
                slots.append((wire.announced(name.decode(), slot), wire.told(state), now - at))
        return Look(slots, taken, sum(engine.decode() != self._engine for engine in engines))

    async def replies(self, letters: Sequence[Letter] = ()) -> list[wire.Said]:
        """Wait for what slots say; empty when nothing came for a second.

        Args:
            letters: are given, in the same trip, to processes that wait for more; those that do not are ``Refused``.
        """
        stream = wire.replies(self._engine)
        with _as_os_error():
            async with asyncio.timeout(_TRIP_S), self._stream.pipeline(transaction=False) as trip:
                for letter in letters:
                    keys, arguments = letter.following(told=True)
                    trip.eval(FOLLOW, len(keys), *keys, *arguments)
                trip.xread({stream: self._last}, count=_AT_ONCE, block=_BLOCK_MS)
                found = (await trip.execute())[-1]
            entries = found[0][1] if found else []
            if entries:
                self._last = entries[-1][0].decode()
            self._untrimmed += len(entries)
            if self._untrimmed >= _KEPT_REPLIES:
                await self._stream.xtrim(stream, minid=self._last, approximate=False)
                self._untrimmed = 0
        return [msgspec.json.decode(fields[b"said"], type=wire.Said) for _, fields in entries]

    async def own(self, names: list[str]) -> set[str]:
        """Take slots that are free, keep those that are ours; returns the ones that are."""
        with _as_os_error():
            keys = [wire.owner(name) for name in names]
            mine = await self._async.eval(_OWN, len(keys), *keys, self._engine, wire.OWNER_MS) if keys else []
        return {names[number - 1] for number in mine}

    async def waiting(self) -> list[wire.Waiting]:
        """What waits at all engines that have something to do, if it can be read; OSError when the broker is away."""
        with _as_os_error():
            seconds, _ = await self._async.time()
            engines = await self._async.zrangebyscore(wire.ENGINES, seconds - _ENGINE_S, "+inf")
            told = await self._async.mget([wire.waiting(engine.decode()) for engine in engines]) if engines else []
        found: list[wire.Waiting] = []
        for text in filter(None, told):
            with contextlib.suppress(msgspec.MsgspecError):
                found += msgspec.json.decode(text, type=list[wire.Waiting])
        return found

    async def wanted(self, wanted: bool, waiting: list[wire.Waiting]) -> None:
        """Tell the other engines whether this one has something to do, and everybody what waits."""
        with _as_os_error():
            if wanted:
                await self._async.set(wire.waiting(self._engine), msgspec.json.encode(waiting), ex=int(_ENGINE_S))
                seconds, _ = await self._async.time()
                await self._async.zadd(wire.ENGINES, {self._engine: seconds})
                await self._async.zremrangebyscore(wire.ENGINES, "-inf", seconds - wire.FORGET_S)
            else:
                await self._async.zrem(wire.ENGINES, self._engine)

    async def scale(self) -> None:
        """Tell engines that somebody starts workers for what waits; OSError when the broker is away."""
        with _as_os_error():
            await self._async.set(wire.SCALED, 1, px=_SCALED_MS)

    async def is_scaled(self) -> bool:
        """Whether somebody does; OSError when the broker is away."""
        with _as_os_error():
            return bool(await self._async.exists(wire.SCALED))

    async def leave(self, names: Iterable[str]) -> None:
        """Give slots back and take the engine off the lists."""
        keys = [wire.owner(name) for name in names]
        if keys:
            await self._async.eval(_RELEASE, len(keys), *keys, self._engine)
        await self._async.zrem(wire.ENGINES, self._engine)
        await self._async.delete(wire.replies(self._engine), wire.waiting(self._engine))

    async def close(self) -> None:
        """End the connections."""
        with contextlib.suppress(Exception):
            await self._async.aclose()
            await self._stream.aclose()
            self._sync.close()
            self._app.close()

    def post(self, letter: Letter) -> None:
        """Give a slot something to do: its process when that waits for more, else by Celery."""
        keys, arguments = letter.following(told=False)
        if not self._follow(keys=keys, args=arguments):
            self.deliver(letter)

    def deliver(self, letter: Letter) -> None:
        """Give a slot something to do by Celery."""
        text = msgspec.json.encode(letter.order).decode()
        sent = self._app.send_task(wire.TASK, args=[text], queue=letter.slot.queue, ignore_result=True, retry=True)
        self._tasks[letter.slot.name] = sent.id

    def cancel(self, lease: str) -> None:
        """Let the slot that is at an attempt know that it is cancelled."""
        self._sync.set(wire.cancelled(self._engine, lease), 1, ex=int(LONGEST_S))

    def terminate(self, slot: wire.Slot) -> None:
        """End the process that is at a slot's task."""
        if (task := self._tasks.get(slot.name)) is not None:
            self._app.control.revoke(task, terminate=True, signal="SIGKILL", destination=[slot.hostname])

    def keep(self, names: Container[str]) -> None:
        """Forget what was given to all other slots: they are gone."""
        for name in list(self._tasks):
            if name not in names:
                self._tasks.pop(name, None)

    def release(self, name: str, child: str) -> None:
        """Give one slot back; what its process was sent and has not taken is not carried out any more."""
        self._sync.eval(_RELEASE, 1, wire.owner(name), self._engine)
        self._sync.eval(_TAKE_BACK, 2, wire.session(child), wire.following(child), self._engine)


def without_password(url: str) -> str:
    """A broker's URL for people."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{parts.netloc.rpartition('@')[2]}"))


@contextlib.contextmanager
def _as_os_error() -> Iterator[None]:
    """Turn what the client raises when the broker is away into OSError, or Refusal when it refuses."""
    from redis.exceptions import AuthenticationError, AuthorizationError, RedisError, ResponseError

    try:
        yield
    except (ResponseError, AuthenticationError, AuthorizationError) as fault:
        raise Refusal(str(fault)) from fault
    except RedisError as fault:
        raise OSError(str(fault)) from fault
