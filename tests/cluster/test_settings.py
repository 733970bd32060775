"""Settings of Celery for long tasks: right with ours, and each shown to go wrong without."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from murakkab_runtimes.workers.cluster.app import LONGEST_S, MODEL_LOAD_S, make_app
from tests.cluster.conftest import Server, wait_for

Start = Callable[..., subprocess.Popen]
BOTH = pytest.mark.parametrize("ours", [True, False])


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def start(broker: Server) -> Iterator[Start]:
    started: list[subprocess.Popen] = []

    def go(overrides: dict | None = None, up_s: float = 0.0) -> subprocess.Popen:
        command = [
            sys.executable,
            "-m",
            "tests.cluster.small_worker",
            broker.url,
            json.dumps(overrides or {}),
            str(up_s),
        ]
        started.append(subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True))
        return started[-1]

    yield go
    for process in started:
        process.send_signal(signal.SIGQUIT)
    for process in started:
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def send(broker: Server, task: str, *args: object, countdown: float | None = None) -> None:
    make_app(broker.url).send_task(task, args=list(args), queue="q", countdown=countdown)


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def test_the_visibility_timeout_is_above_the_longest_task_in_all_three_places(server: Server) -> None:
    conf = make_app(server.url).conf
    places = (
        conf.broker_transport_options["visibility_timeout"],
        conf.result_backend_transport_options["visibility_timeout"],
        conf.visibility_timeout,
    )
    assert set(places) == {LONGEST_S}
    with make_app(server.url).connection_for_read() as connection:
        assert connection.default_channel.visibility_timeout == LONGEST_S


@pytest.mark.parametrize(
    ("place", "comes_again"),
    [
        ("none of them", False),
        ("broker_transport_options", True),
        ("result_backend_transport_options", False),
        ("visibility_timeout", False),
    ],
)
def test_what_nobody_acknowledged_for_two_hours_comes_again_without_the_first_of_the_three_places(
    server: Server, place: str, comes_again: bool
) -> None:
    """Celery's manual wants all three; the other two are read by a result backend, and there is none."""
    app = make_app(server.url)
    if place != "none of them":
        app.conf.update({place: 3600 if place == "visibility_timeout" else {}})  # an hour is what Celery has itself
    queue = f"q of {place}"
    app.send_task("work", args=[], queue=queue)
    with app.connection_for_read() as connection:
        channel = connection.default_channel
        assert channel.basic_get(queue) is not None
        assert server.client.llen(queue) == 0
        for tag, taken in server.client.zrange("unacked_index", 0, -1, withscores=True):
            server.client.zadd("unacked_index", {tag: taken - 7200})
        channel.qos.restore_visible(interval=1)
        assert server.client.llen(queue) == comes_again
    server.client.flushall()


def test_what_is_not_begun_waits_in_the_queue_and_what_is_ended_is_acknowledged(
    broker: Server, start: Start, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    start()
    for _ in range(3):
        send(broker, "work", str(log), 0.5)
    wait_for(lambda: lines(log) == ["begin"])
    assert broker.client.llen("q") == 2
    assert broker.client.hlen("unacked") == 1
    wait_for(lambda: len(lines(log)) == 6)
    wait_for(lambda: broker.client.hlen("unacked") == 0)


@pytest.mark.soak
def test_without_prefetch_1_a_worker_takes_what_it_cannot_do_yet(broker: Server, start: Start, tmp_path: Path) -> None:
    log = tmp_path / "log"
    start({"worker_prefetch_multiplier": 4})
    for _ in range(3):
        send(broker, "work", str(log), 2)
    wait_for(lambda: lines(log) == ["begin"])
    wait_for(lambda: broker.client.llen("q") == 0)
    assert lines(log) == ["begin"]


@pytest.mark.soak
def test_without_late_acknowledgement_the_broker_forgets_what_is_in_hand(
    broker: Server, start: Start, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    start({"task_acks_late": False})
    send(broker, "work", str(log), 5)
    wait_for(lambda: lines(log) == ["begin"])
    wait_for(lambda: broker.client.hlen("unacked") == 0)
    assert lines(log) == ["begin"]


@BOTH
@pytest.mark.soak
def test_a_task_that_ends_its_process_comes_once_and_the_queue_moves_on(
    broker: Server, start: Start, tmp_path: Path, ours: bool
) -> None:
    log = tmp_path / "log"
    start({} if ours else {"task_reject_on_worker_lost": True})
    send(broker, "die", str(log))
    send(broker, "work", str(log), 0.0)
    wait_for(lambda: "end" in lines(log))
    time.sleep(3)
    assert (lines(log).count("die") == 1) == ours


@BOTH
@pytest.mark.soak
def test_the_process_after_one_that_died_may_take_long_to_come_up(
    broker: Server, start: Start, tmp_path: Path, ours: bool
) -> None:
    assert MODEL_LOAD_S >= 120
    log = tmp_path / "log"
    start({} if ours else {"worker_proc_alive_timeout": 2.0}, up_s=5.0)
    send(broker, "die", str(log))
    wait_for(lambda: "die" in lines(log))
    send(broker, "work", str(log), 0.0)
    until = time.monotonic() + 15
    while time.monotonic() < until and "end" not in lines(log):
        time.sleep(0.1)
    assert ("end" in lines(log)) == ours


@BOTH
@pytest.mark.soak
def test_of_three_workers_one_does_a_task_that_is_longer_than_the_timeout_of_others(
    broker: Server, start: Start, tmp_path: Path, ours: bool
) -> None:
    """A worker that comes looks for messages that were not acknowledged in time, here 2 s in the place of an hour."""
    log = tmp_path / "log"
    overrides = {} if ours else {"broker_transport_options": {"visibility_timeout": 2}}
    for _ in range(2):
        start(overrides)
    send(broker, "work", str(log), 10)
    wait_for(lambda: "begin" in lines(log))
    time.sleep(3)
    start(overrides)
    wait_for(lambda: "end" in lines(log), 60)
    assert (lines(log).count("begin") == 1) == ours


@BOTH
@pytest.mark.soak
def test_what_is_to_wait_does_not_wait_at_workers(broker: Server, start: Start, tmp_path: Path, ours: bool) -> None:
    """A countdown counts against the visibility timeout: what waits longer comes again, to other workers, too."""
    log, overrides = tmp_path / "log", {"broker_transport_options": {"visibility_timeout": 4}}
    for _ in range(2):
        start(overrides)
    send(broker, "work", str(log), 0.0)
    wait_for(lambda: "end" in lines(log), 60)
    send(broker, "work", str(log), 1.0, countdown=None if ours else 15)
    wait_for(lambda: lines(log).count("end") > 1 or broker.client.hlen("unacked") > 0)
    time.sleep(6)
    start(overrides)
    wait_for(lambda: lines(log).count("end") > 1 and broker.client.hlen("unacked") == 0, 60)
    assert (lines(log).count("begin") == 2) == ours


@BOTH
@pytest.mark.soak
def test_a_connection_that_is_lost_ends_no_work(broker: Server, start: Start, tmp_path: Path, ours: bool) -> None:
    log = tmp_path / "log"
    start({} if ours else {"worker_cancel_long_running_tasks_on_connection_loss": True})
    send(broker, "work", str(log), 6)
    wait_for(lambda: "begin" in lines(log))
    broker.stop()
    time.sleep(2)
    broker.start()
    time.sleep(6)
    assert ("end" in lines(log)) == ours


@BOTH
@pytest.mark.soak
def test_a_worker_that_is_to_end_at_once_gives_the_task_in_hand_some_time(
    broker: Server, start: Start, tmp_path: Path, ours: bool
) -> None:
    log = tmp_path / "log"
    process = start({} if ours else {"worker_soft_shutdown_timeout": 0.0})
    send(broker, "work", str(log), 3)
    wait_for(lambda: "begin" in lines(log))
    process.send_signal(signal.SIGQUIT)
    process.wait(20)
    assert ("end" in lines(log)) == ours
