"""``run --server``: a server makes the workflows that it has, and a file that it does not have is refused in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from murakkab.cli.offered import check_offered
from murakkab.language import load_workflow, workflow_folder
from tests.server.hosting import Hosted, hosted

from .conftest import SAY, Invoke


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """A server that has ``say`` beside what is shipped."""
    root = tmp_path_factory.mktemp("offered")
    (root / "flows").mkdir()
    (root / "flows" / "say.yaml").write_text(SAY, encoding="utf-8")
    with hosted(root / "runs", root / "scratch", workflows=root / "flows") as found:
        yield found


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name: say": "name: shout"}, "has no workflow 'shout', and takes no file"),
        ({"  text: {": "  words: {", "inputs.text": "inputs.words"}, "has other inputs or outputs than"),
        ({"  speech: ${{": "  said: ${{"}, "has other inputs or outputs than"),
    ],
)
def test_what_the_server_does_not_have_is_refused(
    server: Hosted, invoke: Invoke, tmp_path: Path, changes: dict[str, str], told: str
) -> None:
    text = SAY
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    option = "--words" if "words" in text else "--text"
    answer = invoke("run", "mine.yaml", option, "hello", "--server", server.address)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err
    assert "murakkab serve --workflows" in answer.err


def test_that_a_file_is_not_sent_is_said(server: Hosted, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with server.client() as client:
        offered = client.get("/api/workflows").json()["workflows"]
    (tmp_path / "say.yaml").write_text(SAY, encoding="utf-8")
    check_offered(load_workflow(tmp_path / "say.yaml"), offered, server.address)
    assert "say.yaml is not sent" in capsys.readouterr().err
    check_offered(load_workflow(workflow_folder() / "podcast.yaml"), offered, server.address)
    assert capsys.readouterr().err == ""
