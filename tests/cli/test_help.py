from __future__ import annotations

import re
import subprocess
import sys

import pytest

from murakkab.cli import COMMANDS

from .conftest import Invoke

LIGHT = """
import sys
from murakkab.cli import main
sys.argv = ["murakkab", "--help"]
try:
    main()
finally:
    heavy = {"pydantic", "rich", "numpy", "msgspec", "yaml", "asyncio", "murakkab.engine", "murakkab.language"}
    print(sorted(heavy & set(sys.modules)), file=sys.stderr)
"""


def test_help_names_every_command(invoke: Invoke) -> None:
    answer = invoke("--help")
    assert answer.code == 0
    assert all(name in answer.out for name in COMMANDS)


def test_help_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "run"])
def test_each_command_has_help_that_says_what_it_does(invoke: Invoke, command: str) -> None:
    answer = invoke(command, "--help")
    assert answer.code == 0
    assert answer.out.startswith(f"Usage: murakkab {command}")


def test_run_help_lists_the_shipped_workflows(invoke: Invoke) -> None:
    answer = invoke("run", "--help")
    assert answer.code == 0
    assert re.search(r"podcast +Two hosts", answer.out)


def test_run_without_a_workflow_is_bad_usage(invoke: Invoke) -> None:
    assert invoke("run").code == 2
    answer = invoke("run", "--json", "podcast")
    assert answer.code == 2
    assert "the workflow comes first" in answer.err


def test_version(invoke: Invoke) -> None:
    answer = invoke("--version")
    assert answer.code == 0
    assert answer.out.startswith("murakkab 0.")
