"""Digests of code: what an adapter or a function imports counts, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from murakkab.engine.source_digests import adapter_version, function_version


@pytest.fixture
def version(tmp_path: Path) -> Callable[[], str]:
    (tmp_path / "tools.py").write_text(
        "import one, os\nfrom two import (\n    thing,\n    part,\n)\n\ndef f():\n    from three import x\n"
        "try: import four\nexcept ImportError: from five import x; import six\n"
    )
    (tmp_path / "two").mkdir()
    for name in ("one", "two/__init__", "two/part", "two/deep", "three", "four", "five", "six", "unused"):
        (tmp_path / f"{name}.py").write_text("")
    (tmp_path / "two" / "part.py").write_text("from . import deep\n")
    return lambda: function_version({"folder": str(tmp_path), "name": "f"}, tmp_path / "tools.py")


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("tools.py", True),
        ("one.py", True),
        ("two/__init__.py", True),
        ("two/part.py", True),
        ("two/deep.py", True),
        ("three.py", True),
        ("four.py", True),
        ("five.py", True),
        ("six.py", True),
        ("unused.py", False),
    ],
)
def test_what_a_function_imports_counts(version: Callable[[], str], tmp_path: Path, file: str, counts: bool) -> None:
    before = version()
    assert version() == before
    (tmp_path / file).write_text((tmp_path / file).read_text() + "# edited\n")
    assert (version() != before) == counts


def test_what_a_module_imports_from_its_package_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "clockwork"
    package.mkdir()
    for name, text in {"__init__": "", "wheel": "from clockwork.tooth import x\n", "tooth": "", "unused": ""}.items():
        (package / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    versions = []
    for edited in ("unused", "tooth"):
        versions.append(function_version({"module": "clockwork.wheel", "name": "f"}, None))
        (package / f"{edited}.py").write_text("# edited\n")
    versions.append(function_version({"module": "clockwork.wheel", "name": "f"}, None))
    assert versions[0] == versions[1] != versions[2]


def test_modules_are_found_without_being_imported() -> None:
    assert function_version({"module": "this", "name": "f"}, None)
    assert function_version({"module": "no.such.module", "name": "f"}, None) == ""


def test_adapters_have_versions_of_their_own() -> None:
    versions = {adapter_version(name) for name in ("fmp4", "mp4", "jingle", "function")}
    assert len(versions) == 4
    assert all(version.startswith("murakkab ") for version in versions)
    assert adapter_version("none-such") == ""
