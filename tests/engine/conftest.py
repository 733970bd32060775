"""An engine with real worker processes and the toy runtimes of ``toys/``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from murakkab_runtimes.base import adapters

TOYS = Path(__file__).parent / "toys"

SUMS = """
apiVersion: murakkab/v1
kind: Workflow
metadata: {name: sums, description: Counts and adds up.}
inputs:
  count: {type: integer, default: 5, minimum: 0, maximum: 1000, description: How far to count}
  pause: {type: number, default: 0, minimum: 0, maximum: 10, unit: s, description: Pause between two numbers}
  log: {type: text, default: "", description: File that takes a line for each piece of work}
nodes:
  numbers:
    capability: toy-count
    count: ${{ inputs.count }}
    pause: ${{ inputs.pause }}
    log: ${{ inputs.log }}
    streams: number
  double:
    capability: toy-double
    for_each: ${{ nodes.numbers }}
    number: ${{ item.number }}
    pause: ${{ inputs.pause }}
    log: ${{ inputs.log }}
  total:
    capability: toy-sum
    for_each: ${{ nodes.double }}
    join: ordered
    file: ${{ item.file }}
outputs:
  total: ${{ nodes.total }}
"""

TROUBLE = """
apiVersion: murakkab/v1
kind: Workflow
metadata: {name: trouble, description: Goes wrong.}
inputs:
  how: {type: text, default: input, description: What goes wrong}
  until: {type: text, default: "", description: File that ends the trouble}
nodes:
  trouble:
    capability: toy-trouble
    how: ${{ inputs.how }}
    with: {until: "${{ inputs.until }}"}
outputs:
  trouble: ${{ nodes.trouble }}
"""


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process and its workers find the toy runtimes and their cards."""
    path = os.pathsep.join([str(TOYS), *filter(None, sys.path)])
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setenv("MURAKKAB_CATALOG", str(TOYS / "cards"))
    monkeypatch.syspath_prepend(str(TOYS))
    adapters.cache_clear()
    yield
    adapters.cache_clear()


def workflow(text: str, folder: Path):
    from murakkab.language import load_workflow

    file = folder / "workflow.yaml"
    file.write_text(text)
    return load_workflow(file)
