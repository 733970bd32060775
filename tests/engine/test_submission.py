"""What is refused before anything is made: files that cannot be used."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from murakkab.engine import Engine, EngineOptions, UserError
from murakkab.engine.submission import RunRequest
from murakkab_optimizer.graph import Graph, Node


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
