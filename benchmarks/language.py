"""How long it takes to check workflows, and how long the shipped ones are.

python -m benchmarks.language [--repeats 10] [--out FILE]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import harness
from murakkab.language import parse_workflow, workflow_folder

NODES = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    figures = {
        "murakkab check podcast, whole process, s": harness.spread([command() for _ in range(options.repeats)]),
        f"a workflow of {NODES} nodes, s": harness.spread([chain() for _ in range(options.repeats)]),
    }
    lines = {file.stem: len(file.read_text().splitlines()) for file in sorted(workflow_folder().glob("*.yaml"))}
    for name, values in figures.items():
        print(f"{name}: {values['median']:.3f} ({values['min']:.3f}..{values['max']:.3f})")
    for name, count in lines.items():
        print(f"{name}.yaml: {count} lines")
    print(harness.write("language", {"figures": figures, "lines": lines}, options.out))


def command() -> float:
    """Seconds of one ``murakkab check podcast`` from start to end."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "murakkab", "check", "podcast"], check=True, capture_output=True)
    return time.perf_counter() - began


def chain() -> float:
    """Seconds to read and check a chain of nodes, each with two references."""
    nodes = ["  n0: {capability: x, streams: a}"]
    for i in range(1, NODES):
        nodes.append(f"  n{i}: {{capability: x, t: 'after ${{{{ nodes.n{i - 1} }}}} and ${{{{ nodes.n{i // 2} }}}}'}}")
    text = "\n".join(["apiVersion: murakkab/v1", "kind: Workflow", "nodes:", *nodes])
    began = time.perf_counter()
    parse_workflow(text)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
