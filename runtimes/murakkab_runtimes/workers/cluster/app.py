"""The Celery application, with settings that are right for tasks of minutes.

Sources: Celery 5.7, "Configuration and defaults" and "Using Redis: caveats".
"""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import urlsplit

LONGEST_S = 12 * 3600.0
"""No attempt may take longer than this: Redis hands an attempt that is not acknowledged by then to the queue again."""

MODEL_LOAD_S = 300.0
"""The process of a slot may take this long to come up."""

SOFT_SHUTDOWN_S = 10.0
"""What a worker that is told to end at once gives the task in hand."""


def make_app(broker: str, longest_s: float = LONGEST_S, model_load_s: float = MODEL_LOAD_S) -> Any:  # noqa: ANN401
    """Return the Celery application of a broker.

    Args:
        broker: URL of a Redis, password and TLS included.
        longest_s: above the longest attempt. Engines and workers of a broker must use the same: the shortest counts.
        model_load_s: above the time until a process is up.
    """
    from celery import Celery

    app = Celery("murakkab", broker=broker, set_as_current=False)
    app.conf.update(settings(longest_s, model_load_s))
    if broker.startswith("rediss:") and "ssl_" not in urlsplit(broker).query:
        app.conf.broker_use_ssl = {"ssl_cert_reqs": ssl.CERT_REQUIRED}  # Kombu would check no certificate
    return app


def settings(longest_s: float = LONGEST_S, model_load_s: float = MODEL_LOAD_S) -> dict[str, Any]:
    """What is set, and why.

    Args:
        longest_s: seconds after which Redis hands out again what nobody acknowledged.
        model_load_s: seconds that a process may take until it is up.

    Returns:
        Configuration of a Celery application, by name.

    An attempt is acknowledged when it ended, and a process takes no second one before: what a dead worker has in hand
    is not lost, what it has not begun waits for nobody. Celery itself tries nothing again: the engine counts attempts,
    and a lease counts once. So a lost process rejects nothing, and a lost connection ends no work in hand.
    """
    waiting = {"visibility_timeout": longest_s}
    link = {
        "socket_keepalive": True,
        "health_check_interval": 10,
        "socket_connect_timeout": 5,
        "retry_on_timeout": True,
    }
    return {
        "broker_transport_options": {**waiting, **link, "retry_on_timeout": True},
        "result_backend_transport_options": waiting,
        "visibility_timeout": longest_s,
        "broker_connection_retry": True,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_acks_late": True,
        "task_acks_on_failure_or_timeout": True,
        "task_reject_on_worker_lost": False,
        "worker_prefetch_multiplier": 1,
        "worker_proc_alive_timeout": model_load_s,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_soft_shutdown_timeout": SOFT_SHUTDOWN_S,
        "worker_enable_remote_control": True,
        "worker_redirect_stdouts": False,
        "worker_hijack_root_logger": False,
        "worker_send_task_events": False,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "enable_utc": True,
    }
