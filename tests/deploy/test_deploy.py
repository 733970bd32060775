"""What is for real machines: checked, and as far as one machine goes, run."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "compose.yaml"


def test_the_compose_file_fits_the_schema_of_compose() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_what_the_compose_file_starts_is_there() -> None:
    """Its commands take their options, its variables are those that are read, and the image has the extras."""
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    for name in ("worker", "server"):
        command, *options = services[name]["command"]
        told = subprocess.run([sys.executable, "-m", "murakkab", command, "--help"], capture_output=True, text=True)
        for option in (option for option in options if option.startswith("--")):
            assert option in told.stdout
    for variable in services["server"]["environment"]:
        assert variable.startswith("OTEL_") or variable in told.stdout
    extras = re.search(r'"\.\[(.*)\]"', (ROOT / "deploy" / "Dockerfile").read_text())[1].split(",")
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(extras) <= set(known)


STUBBORN = """
import signal, sys, time
told = []
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: (print("told", flush=True), told.append(1)))
print("up", flush=True)
while len(told) < 2:
    time.sleep(0.01)
sys.exit(3)
"""

ENDS = """
import runpy, signal, subprocess, sys, threading
ending = runpy.run_path(sys.argv[1])["Ending"]()
children = [subprocess.Popen([sys.executable, "-c", sys.argv[2]], stdout=subprocess.PIPE) for _ in range(2)]
for child in children:
    child.stdout.readline()
server, worker = children
main = threading.main_thread().ident  # the one that a signal interrupts; it may reach another where it names none
threading.Thread(target=lambda: (server.stdout.readline(), signal.pthread_kill(main, signal.SIGINT))).start()
for child in children:
    ending.end([child])
print(server.returncode, worker.returncode)
"""


def test_all_that_a_cluster_started_is_told_again_to_end() -> None:
    """Also what is to end after the one that is being waited for."""
    command = [sys.executable, "-c", ENDS, str(ROOT / "tools" / "cluster.py"), STUBBORN]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout == "3 3\n", done.stderr


@pytest.mark.soak
def test_a_cluster_on_this_machine_comes_up_and_ends_whole(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, str(ROOT / "tools" / "cluster.py"), "--workers", "3", "--cores", "1", "--port", "0"]
    with log.open("wb") as stream:
        process = subprocess.Popen([*command, "--runs", str(tmp_path / "runs")], stderr=stream, cwd=ROOT)
    try:
        while "Serving http" not in log.read_text():
            assert process.poll() is None, log.read_text()
        address = re.search(r"Serving (\S+)", log.read_text())[1]
        assert b'"runs":[]' in urllib.request.urlopen(f"{address}/api/runs", timeout=10).read()
        ours = subprocess.run(["ps", "-e", "-o", "pid=,args="], capture_output=True, text=True).stdout
        assert ":***@" not in ours
        assert not re.search(r"redis://:\S+@", ours), "no list of processes shows the password"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(120)
    told = log.read_text()
    assert [name for name in ("w1", "w2", "w3") if f"{name}: stopped" not in told] == []
    left = subprocess.run(["ps", "-e", "-o", "pid=,args="], capture_output=True, text=True).stdout
    assert str(tmp_path) not in left
    assert list((tmp_path / "runs").iterdir())
