from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.hosting import Hosted, hosted


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("show")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, scratch: Path) -> Iterator[Hosted]:
    with hosted(tmp_path_factory.mktemp("runs"), scratch) as running:
        yield running
