"""How runs begin: what is refused before anything is made, and that nothing waits for a plan."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from murakkab.engine import Engine, EngineOptions, UserError
from murakkab.engine.planning import make_plan
from murakkab.engine.submission import RunRequest
from murakkab_optimizer.graph import Graph, Node
from murakkab_optimizer.plan import Plan
from tests.engine.conftest import TROUBLE, workflow
from tests.engine.test_engine import engine, finish


def submit(folder: Path, file: Path) -> None:
    async def go() -> None:
        engine = Engine(EngineOptions(folder / "runs", cores=1))
        node = Node("reading", "document-reading", {"file": {"$file": str(file)}})
        await engine.submit_graph(RunRequest(Graph("g", (node,))))

    asyncio.run(go())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("slides.docx", b"PK", r"node 'reading': slides.docx is of the type '.docx', which cannot be read\n.*\.pdf"),
        ("empty.txt", b"", r"node 'reading': empty.txt is empty"),
        ("gone.txt", None, r"node 'reading': gone.txt does not exist\n.*Check the path"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_before_there_is_a_run(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        submit(tmp_path, tmp_path / name)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("name", "content"), [("notes", b"words"), ("paper.bin", b"%PDF-1.7 ..."), ("a.MD", b"# words")]
)
def test_a_file_that_may_hold_a_document_gets_on(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RuntimeError, match="was not started"):
        submit(tmp_path, tmp_path / name)


def test_a_run_goes_on_while_another_is_planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    until, over = tmp_path / "until", threading.Event()

    def slow(*facts: object) -> Plan:
        until.touch()
        assert over.wait(60), "the run that waits for the file did not end meanwhile"
        return make_plan(*facts)

    async def scenario() -> None:
        async with engine(tmp_path) as made:
            asked = workflow(TROUBLE, tmp_path), {"how": "hang", "until": str(until)}
            first = await made.submit(*asked)
            monkeypatch.setattr("murakkab.engine.plans.make_plan", slow)
            second = asyncio.create_task(made.submit(*asked))
            assert (await finish(made, first))["status"] == "succeeded"
            assert not second.done()
            over.set()
            assert (await finish(made, await second))["status"] == "succeeded"

    asyncio.run(scenario())
