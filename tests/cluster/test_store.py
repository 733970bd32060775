"""Machines that share no folder: artifacts go through a store, here a real server of the S3 protocol on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from murakkab.engine import Engine, EngineOptions, UserError
from murakkab.engine.shared import GIVE_S, SharedStore
from murakkab_runtimes.artifacts import FILE_KEY
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.mirror import Mirror, StoreFault
from murakkab_runtimes.workers.messages import Run
from tests.cluster.conftest import Server, Worker, toy_environment, wait_for
from tests.engine.conftest import SUMS, workflow

pytest.importorskip("s3fs")
pytest.importorskip("moto")

KEYS = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}

SERVE = """
import sys
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.port, flush=True)
server.serve_forever()
"""


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment in which ``s3://shows`` is a bucket of a server that runs meanwhile."""
    env = {**os.environ, **KEYS}
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
    ) as p:
        port = int(p.stdout.readline())
        yield {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
        p.kill()


@pytest.fixture
def bucket(s3: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    import s3fs

    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    files = s3fs.S3FileSystem()
    if not files.exists("shows"):
        files.mkdir("shows")
    return "s3://shows/runs"


@pytest.mark.parametrize("kind", ["s3", "file"])
def test_a_value_with_its_files_is_the_same_at_another_machine(bucket: str, tmp_path: Path, kind: str) -> None:
    url = bucket if kind == "s3" else f"file://{tmp_path}/shared"
    one, two = Mirror(url, tmp_path / "one"), Mirror(url, tmp_path / "two")
    (tmp_path / "a.txt").write_text("hello")
    name = one.put({"text": tmp_path / "a.txt", "list": [1, {"again": tmp_path / "a.txt"}]})
    value = two.get(name)
    assert value["text"].read_text() == "hello"
    assert value["text"] == value["list"][1]["again"]
    assert value["text"].is_relative_to(tmp_path / "two")
    file = two.load(name)["text"][FILE_KEY]
    shutil.rmtree(tmp_path / "one")
    assert one.local(file).read_text() == "hello"


def test_what_was_damaged_in_the_store_is_refused(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/shared"
    name = Mirror(url, tmp_path / "one").put_json([1, 2, 3])
    (tmp_path / "shared" / name[:2] / name).write_text("[]")
    two = Mirror(url, tmp_path / "two")
    with pytest.raises(StoreFault, match="is not what its name says"):
        two.get(name)
    assert not two.path(name).exists()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense://x", "is no address of a store"),
        ("s3://absent/x", "cannot write to the store s3://absent/x: .*bucket does not exist"),
        ("file:///proc/nowhere", "cannot write to the store file:///proc/nowhere"),
    ],
)
def test_a_store_that_cannot_be_used_is_told_at_the_start(
    server: Server, bucket: str, tmp_path: Path, url: str, words: str
) -> None:
    async def go() -> None:
        made = Engine(EngineOptions(tmp_path / "runs", broker=server.url, store=url, cache=False))
        try:
            await made.start()
        finally:
            await made.close()

    with pytest.raises(UserError, match=words):
        asyncio.run(go())


def test_a_store_that_takes_nothing_for_a_minute_is_told(tmp_path: Path) -> None:
    shared = SharedStore(f"file://{tmp_path}/shared", "e")
    request = shared.addressed(Run("r/double/-#1", str(tmp_path / "runs"), load_catalog()["toy-double"], {}, 1, {}, 0))
    (tmp_path / "shared").write_text("a file, no folder")
    for _ in range(2):
        with pytest.raises(StoreFault):
            shared.give(request)
        assert not shared.stuck(time.monotonic())
    assert "what a task needs cannot be put into the store" in shared.stuck(time.monotonic() + GIVE_S)["r"]
    assert not shared.stuck(time.monotonic() + GIVE_S), "told once"
    (tmp_path / "shared").unlink()
    shared.give(request)
    assert not shared.stuck(time.monotonic() + 2 * GIVE_S)


@contextlib.contextmanager
def far_worker(server: Server, folder: Path, **env: str) -> Iterator[Worker]:
    """A worker whose copies lie in a folder of its own."""
    place = {"MURAKKAB_STORE_FOLDER": str(folder / "far")}
    worker = Worker(server.url, "far", 1, folder / "far.log", **toy_environment(), **place, **env)
    try:
        wait_for(lambda: server.client.zcard("murakkab:slots") == 3)
        yield worker
    finally:
        assert worker.end() == 0


async def run(server: Server, bucket: str, folder: Path) -> dict:
    made = Engine(EngineOptions(folder / "runs", broker=server.url, store=bucket, cache=False))
    try:
        await made.start()
        number = await made.submit(workflow(SUMS, folder), {"count": 4})
        end = await asyncio.wait_for(made.wait(number), 120)
        assert not made._driver.fleet._shared._runs, "of a run that is over nothing is kept"
        return end
    finally:
        await made.close()


def test_a_run_on_a_machine_without_its_folder(server: Server, bucket: str, s3: dict[str, str], tmp_path: Path) -> None:
    with far_worker(server, tmp_path, **s3):
        end = asyncio.run(run(server, bucket, tmp_path))
    assert end["status"] == "succeeded", end
    assert [item["sum"] for item in end["outputs"]["total"]] == [0, 2, 6, 12]
    assert len(list((tmp_path / "far").rglob("*.txt"))) == 4, "made where the worker is"
    assert len(list((tmp_path / "runs").glob("sums-*/artifacts/*/*.txt"))) == 4, "and brought to the engine"


@pytest.mark.soak
def test_a_worker_that_cannot_reach_the_store_is_told(
    server: Server, bucket: str, s3: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murakkab.engine.unfit.PATIENCE_S", 0.1)
    with far_worker(server, tmp_path, **{**s3, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}):
        end = asyncio.run(run(server, bucket, tmp_path))
    assert end["status"] == "failed"
    assert "the machine far cannot use the run's store s3://shows/runs/" in end["error"]
    assert "keys in the environment" in end["error"]


@pytest.mark.soak
def test_a_stray_worker_that_cannot_reach_the_store_costs_no_run(
    server: Server, bucket: str, s3: dict[str, str], tmp_path: Path
) -> None:
    place = {"MURAKKAB_STORE_FOLDER": str(tmp_path / "stray"), "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    with far_worker(server, tmp_path, **s3):
        stray = Worker(server.url, "stray", 1, tmp_path / "stray.log", **{**toy_environment(), **s3, **place})
        try:
            wait_for(lambda: server.client.zcard("murakkab:slots") == 6)
            end = asyncio.run(run(server, bucket, tmp_path))
        finally:
            stray.end()
    assert end["status"] == "succeeded", end
    assert [item["sum"] for item in end["outputs"]["total"]] == [0, 2, 6, 12]
