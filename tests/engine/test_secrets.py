"""Secrets are found nowhere: not in the journal, events, artifacts, logs, outputs, reports or errors."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from murakkab.engine import Engine, EngineOptions, UserError
from tests.engine.conftest import workflow

SECRET = "tok-5f2a91c7"

TOOLS = """
import os, subprocess, sys
from pathlib import Path


def tell(token: str, how: str):
    print("printed", token)
    sys.stdout.flush()
    os.write(2, b"written " + token[:5].encode())
    os.write(2, token[5:].encode())
    subprocess.run(["echo", "echoed", token], check=True)
    yield {token: ["item", token]}
    Path("note.txt").write_text("a file with " + token)
    if how == "fail":
        raise ValueError("failed with " + token)
    return {"text": "said " + token, "note": Path("note.txt"), "length": len(token)}
"""

TEXT = """
apiVersion: murakkab/v1
kind: Workflow
inputs:
  how: {type: text, default: well}
nodes:
  tell:
    function: tools.py:tell
    token: ${{ secrets.TEST_TOKEN }}
    how: ${{ inputs.how }}
    streams: word
    attempts: 1
  knows:
    function: tools.py:tell
    for_each: ${{ nodes.tell }}
    when: ${{ secrets.TEST_TOKEN == 'another' }}
    token: x
    how: x
    streams: word
outputs:
  told: ${{ nodes.tell }}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tools.py").write_text(TOOLS)
    return tmp_path


def make(folder: Path, how: str) -> dict:
    async def go() -> dict:
        engine = Engine(EngineOptions(folder / "runs", cores=1))
        await engine.start()
        try:
            run = await engine.submit(workflow(TEXT, folder), {"how": how}, seed=1)
            return await asyncio.wait_for(engine.wait(run), 60)
        finally:
            await engine.close()

    return asyncio.run(go())


def everything(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in (folder / "runs").rglob("*") if file.is_file()}


@pytest.mark.parametrize("how", ["well", "fail"])
def test_a_secret_is_found_nowhere(folder: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setenv("TEST_TOKEN", SECRET)
    end = make(folder, how)
    files = everything(folder)
    assert [name for name, content in files.items() if SECRET.encode() in content] == []
    assert SECRET not in str(end)
    logs = b"".join(content for name, content in files.items() if name.endswith(".log"))
    for words in (b"printed ***", b"written ***", b"echoed ***"):
        assert words in logs
    assert any(b'{"***":["item","***"]}' in content for content in files.values())
    if how == "well":
        assert end["status"] == "succeeded", end["error"]
        assert end["outputs"] == {"told": [{"***": ["item", "***"]}]}
        assert any(content == b"a file with ***" for content in files.values())
        assert any(b'"said ***"' in content and b'"length":12' in content for content in files.values())
    else:
        assert "ValueError: failed with ***" in end["error"]


def test_a_run_without_its_secrets_is_refused_and_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_TOKEN", raising=False)
    with pytest.raises(UserError, match=r"secrets are not set: TEST_TOKEN\n.*export TEST_TOKEN=") as caught:
        make(folder, "well")
    assert caught.value.exit_code == 2
    assert list((folder / "runs").glob("*/run.json")) == []
