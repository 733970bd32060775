"""Connections to Redis that outlive a broker which is away for a while."""

from __future__ import annotations

from typing import Any

TRIES = 60
"""About a minute."""


def connect(url: str, tries: int = TRIES) -> Any:  # noqa: ANN401 - the client types its answers for both its kinds
    """A connection that tries again when the broker is away.

    Raises:
        ValueError: the URL is none of a Redis.
    """
    import redis

    return redis.Redis.from_url(url, **_options(tries, _retry(tries)))


def connect_async(url: str, tries: int = 1, **more: Any) -> Any:  # noqa: ANN401 - as above
    """A connection for an event loop, with further options of the client; ValueError as for ``connect``."""
    import redis.asyncio
    from redis.asyncio.retry import Retry
    from redis.backoff import ConstantBackoff

    return redis.asyncio.Redis.from_url(url, **{**_options(tries, Retry(ConstantBackoff(0.5), tries)), **more})


def _retry(tries: int) -> Any:  # noqa: ANN401 - redis has no types for it
    from redis.backoff import ExponentialBackoff
    from redis.retry import Retry

    return Retry(ExponentialBackoff(cap=1.0, base=0.05), tries)


def _options(tries: int, retry: Any) -> dict[str, Any]:  # noqa: ANN401
    from redis.exceptions import BusyLoadingError, ConnectionError, TimeoutError

    return {
        "socket_keepalive": True,
        "socket_connect_timeout": 5,
        "socket_timeout": 15,
        "health_check_interval": 10,
        "retry": retry,
        "retry_on_error": [ConnectionError, TimeoutError, BusyLoadingError],
    }
