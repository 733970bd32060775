"""What steps can be asked to do is listed by a command."""

from __future__ import annotations

import subprocess
import sys

from murakkab_runtimes.catalog import load_capabilities


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "murakkab", "capabilities", *words], capture_output=True, text=True, check=False
    )


def test_all_capabilities_are_listed() -> None:
    listed = [line.split()[0] for line in command().stdout.splitlines() if line][:-1]
    assert listed == sorted(load_capabilities())


def test_one_capability_tells_what_it_takes_and_gives() -> None:
    told = command("text-to-speech").stdout
    assert "text: text" in told
    assert "returns speech" in told
    assert "speech is {audio: audio" in told


def test_an_unknown_one_names_the_nearest() -> None:
    done = command("text-to-speach")
    assert done.returncode == 2
    assert "did you mean 'text-to-speech'?" in done.stderr


def test_a_check_warns_of_what_nothing_can_do() -> None:
    text = "apiVersion: murakkab/v1\nkind: Workflow\nnodes: {n: {capability: tts}}\noutputs: {n: '${{ nodes.n }}'}\n"
    done = subprocess.run(
        [sys.executable, "-m", "murakkab", "check", "-"], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "no model that is known can do 'tts'" in done.stderr
