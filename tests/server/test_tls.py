"""A server whose workers are at a Redis with a password that speaks TLS only."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import redis
from kombu.exceptions import OperationalError

from murakkab.engine import UserError
from murakkab.engine.broker import Broker
from murakkab_runtimes.workers.cluster.app import make_app
from tests.cluster.conftest import Server, Worker, toy_environment, wait_for
from tests.engine.conftest import SUMS

trustme = pytest.importorskip("trustme")

PASSWORD = "opens/it"
QUOTED = "opens%2Fit"


class Guarded(Server):
    """A Redis with a password that listens for TLS only, under a certificate made for it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        authority = trustme.CA()
        made = authority.issue_cert("127.0.0.1", "localhost")
        self.ca, self._cert, self._key = folder / "ca.pem", folder / "cert.pem", folder / "key.pem"
        authority.cert_pem.write_to_path(self.ca)
        made.cert_chain_pems[0].write_to_path(self._cert)
        made.private_key_pem.write_to_path(self._key)
        self.url = f"rediss://:{QUOTED}@127.0.0.1:{self.port}/0?ssl_ca_certs={self.ca}"

    def start(self) -> None:
        found = shutil.which("redis-server")
        if found is None:
            pytest.skip("no redis-server that speaks TLS; run: apt-get install redis-server")
        command = [found, "--port", "0", "--tls-port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        command += ["--tls-cert-file", self._cert, "--tls-key-file", self._key, "--tls-auth-clients", "no"]
        command += ["--requirepass", PASSWORD, "--dir", self._folder]
        command += ["--logfile", self._folder / "log"]
        self.process = subprocess.Popen([*map(str, command)])
        self.client = redis.Redis.from_url(self.url)
        wait_for(lambda: self.process.poll() is not None or self._answers())
        if self.process.poll() is not None:
            pytest.skip(f"this redis-server does not speak TLS: {(self._folder / 'log').read_text()[-300:]}")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    made = Guarded(tmp_path_factory.mktemp("redis"))
    made.start()
    yield made
    made.stop()


@contextmanager
def served(broker: str, folder: Path) -> Iterator[str]:
    """The address of a ``murakkab serve`` that takes the workers at a broker."""
    log = folder / "serve.log"
    command = [sys.executable, "-m", "murakkab", "serve", "--port", "0", "--workflows", str(folder)]
    environment = {**os.environ, **toy_environment(), "MURAKKAB_BROKER": broker}
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=folder, env=environment, stderr=stream)
    try:
        wait_for(lambda: "Serving http" in log.read_text() or process.poll() is not None)
        yield log.read_text().partition("Serving ")[2].split()[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def test_a_server_makes_runs_across_it(guarded: Guarded, tmp_path: Path) -> None:
    (tmp_path / "sums.yaml").write_text(SUMS)
    worker = Worker(guarded.url, "tls", 1, tmp_path / "worker.log", **toy_environment())
    try:
        wait_for(lambda: guarded.client.zcard("murakkab:slots") > 0)
        with served(guarded.url, tmp_path) as address, httpx.Client(base_url=address, timeout=60) as client:
            run = client.post("/api/runs", json={"workflow": "sums", "inputs": {"count": 3}}).json()["run"]
            assert "run.finished" in client.get(f"/api/runs/{run}/events").text
            facts = client.get(f"/api/runs/{run}").json()
        assert facts["status"] == "succeeded", facts
        assert [total["sum"] for total in facts["outputs"]["total"]] == [0, 2, 6]
    finally:
        assert worker.end() == 0, worker.log.read_text()
    said = worker.log.read_text() + (tmp_path / "serve.log").read_text()
    assert PASSWORD not in said
    assert QUOTED not in said


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("rediss://:nonsense@127.0.0.1:{port}/0?ssl_ca_certs={ca}", "password"),
        ("rediss://:{password}@127.0.0.1:{port}/0", "certificate"),
        ("redis://:{password}@127.0.0.1:{port}/0", "cannot reach"),
    ],
)
def test_a_wrong_password_certificate_or_scheme_is_told(guarded: Guarded, wrong: str, words: str) -> None:
    async def reach() -> None:
        broker = Broker(wrong.format(port=guarded.port, ca=guarded.ca, password=QUOTED), "engine")
        try:
            await broker.reach()
        finally:
            await broker.close()

    with pytest.raises(UserError, match=words) as fault:
        asyncio.run(reach())
    assert QUOTED not in str(fault.value)


def test_celery_too_checks_the_certificate(guarded: Guarded) -> None:
    unknown = guarded.url.partition("?")[0]
    for url, reached in ((guarded.url, True), (unknown, False)):
        with make_app(url).connection() as connection:
            if reached:
                connection.ensure_connection(max_retries=1, timeout=5)
                continue
            with pytest.raises(OperationalError, match="certificate"):
                connection.ensure_connection(max_retries=1, timeout=5)
