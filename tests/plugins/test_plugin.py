"""The tutorial of docs/plugins.md: its files are those of examples/plugin, and what it says happens."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "plugin"
TUTORIAL = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")

FILES = dict(re.findall(r"^`([^`\n]+)`\n\n```\w+\n(.*?)^```$", TUTORIAL, re.M | re.S))
SESSIONS = re.findall(r"^```console\n(.*?)^```$", TUTORIAL, re.M | re.S)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package installed in ``site``, and the tutorial's workflow."""
    folder = tmp_path_factory.mktemp("plugin")
    source = folder / "source"
    for name, text in FILES.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder / "site"), str(source)]
    subprocess.run(pip, check=True, capture_output=True, text=True)
    return source


def murakkab(place: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(place.parent / "site"), *filter(None, sys.path)])
    return subprocess.run(
        [sys.executable, "-m", "murakkab", *arguments],
        cwd=place,
        env={**os.environ, "PYTHONPATH": paths, "MURAKKAB_CATALOG": "", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_files_of_the_tutorial_are_those_of_the_example():
    found = {str(file.relative_to(EXAMPLE)): file for file in EXAMPLE.rglob("*") if file.is_file()}
    ours = {name: file.read_text(encoding="utf-8") for name, file in found.items() if "__pycache__" not in name}
    assert ours == FILES


def test_the_plugin_has_as_many_lines_as_the_tutorial_says():
    needed = ["murakkab_readability/__init__.py", "murakkab_readability/model.yaml", "pyproject.toml"]
    lines = [line for name in needed for line in FILES[name].splitlines() if line.strip()]
    assert f"builds one in {len(lines)} lines" in TUTORIAL
    assert f"These were the {len(lines)} lines" in TUTORIAL


def test_the_commands_of_the_tutorial_print_what_it_shows(place):
    commands = 0
    for session in SESSIONS:
        for command, shown in re.findall(r"^\$ (.*)\n((?:[^$].*\n)*)", session, re.M):
            program, *arguments = shlex.split(command)
            if program == "murakkab":
                done = murakkab(place, *arguments)
                assert shown in done.stdout, done.stderr
                commands += 1
            else:
                assert command == "pip install .", "the fixture does it, without a network"
    assert commands == 2


def test_bad_input_ends_the_run_with_the_words_of_the_adapter(place):
    done = murakkab(place, "run", "grade.yaml", "--text", "42")
    assert done.returncode != 0
    assert "reading: there are no English words; give the argument 'text' a sentence" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_workflow_is_checked_against_what_the_plugin_says_of_itself(place):
    file = place / "bad.yaml"
    text = FILES["grade.yaml"].replace("reading.grade", "reading.level").replace("text: ${{", "txt: ${{")
    file.write_text(
        f"{text}  odd: ${{{{ nodes.other }}}}\n".replace("\nnodes:", "\nnodes:\n  other: {task: wash the car}")
    )
    done = murakkab(place, "check", str(file))
    assert done.returncode == 2
    for complaint in (
        "'text-readability' takes no argument 'txt'",
        "is an object, which has no field 'level'",
        "no capability matches these words",
    ):
        assert complaint in done.stderr


def test_without_the_capability_document_the_card_says_what_it_does(place, tmp_path):
    (tmp_path / "model.yaml").write_text(FILES["murakkab_readability/model.yaml"].replace("flesch", "other"))
    code = (
        "from murakkab_runtimes.catalog import read_catalog; from pathlib import Path;"
        f"print(read_catalog(Path({str(tmp_path)!r})).capabilities['text-readability'].description)"
    )
    paths = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": paths}, capture_output=True)
    assert done.stdout.decode().strip() == "Counts the sentences, words and groups of vowels of an English text."


def test_the_catalogue_is_read_without_importing_the_package(place):
    code = (
        "import sys; from murakkab_runtimes.catalog import load_capabilities, load_catalog;"
        "assert 'flesch-kincaid' in load_catalog(); assert load_capabilities()['text-readability'].examples;"
        "assert 'murakkab_readability' not in sys.modules and 'numpy' not in sys.modules"
    )
    paths = os.pathsep.join([str(place.parent / "site"), *filter(None, sys.path)])
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": paths}, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_an_entry_point_without_a_folder_is_named(tmp_path):
    info = tmp_path / "lost-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lost\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[murakkab.catalogs]\nlost = lost_package.cards\n")
    code = "from murakkab_runtimes.catalog import load_catalog; load_catalog()"
    paths = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": paths}, capture_output=True)
    assert b"'lost' of the package 'lost' in murakkab.catalogs: there is no folder 'lost_package.cards'" in done.stderr
