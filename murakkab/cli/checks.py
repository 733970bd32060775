"""The checks behind ``murakkab doctor``."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from murakkab.cli.packaged import Packaged, packaged_models
from murakkab.language import WorkflowError, load_workflow, workflow_folder
from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import missing_parts, only_planned
from murakkab_runtimes.catalog import load_catalog

LEAST_DISK_GB = 1.0
LEAST_MEMORY_GB = 3.0


@dataclass(frozen=True)
class Check:
    """One line of the report.

    Attributes:
        subject: what was looked at.
        state: "ok", "missing" (something is needed) or "optional" (not there, and workflows run without it).
        found: what was found.
        fix: what to do about it, empty when ok.
    """

    subject: str
    state: str
    found: str
    fix: str = ""


def run_checks(runs: Path) -> list[Check]:
    """Look at the machine, the packages, the models and the workflows; ``runs`` is where runs are kept."""
    return [
        *_machine(runs),
        *map(_packaged, packaged_models()),
        *_capabilities(load_catalog().values(), _needed_capabilities()),
        _fonts(),
        _page(),
        *_workflows(),
    ]


def _machine(runs: Path) -> Iterator[Check]:
    yield Check("Python", "ok", ".".join(map(str, sys.version_info[:3])))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Check("cores", "ok" if cores >= 2 else "optional", str(cores), "" if cores >= 2 else "Two keep up best.")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    yield _enough("memory", memory, LEAST_MEMORY_GB, "Close other programs or take a larger machine.")
    folder = next(p for p in (runs.absolute(), *runs.absolute().parents) if p.exists())
    free = shutil.disk_usage(folder).free / 1e9
    yield _enough(f"disk at {runs}", free, LEAST_DISK_GB, "Free some: murakkab runs gc --budget 1GB")
    if not os.access(folder, os.W_OK):
        yield Check(f"write to {runs}", "missing", "not allowed", "Choose a folder: murakkab run --runs DIR")


def _enough(subject: str, gigabytes: float, least: float, fix: str) -> Check:
    found = f"{gigabytes:.1f} GB"
    return Check(subject, "ok", found) if gigabytes >= least else Check(subject, "missing", found, fix)


def _packaged(model: Packaged) -> Check:
    subject = f"package {model.name}"
    if model.installed:
        return Check(subject, "ok", model.version)
    if model.extra is None:
        return Check(subject, "missing", "not installed", "Run: murakkab doctor --install")
    return Check(subject, "optional", "not installed", _install_extra(model.extra))


def _capabilities(cards: Collection[ModelCard], needed: Mapping[str, Collection[str]]) -> Iterator[Check]:
    """One line a model; a needed capability that the base install has and that nothing here does is an error."""
    groups: dict[str, list[Check]] = defaultdict(list, {capability: [] for capability in needed})
    planned = [card for card in cards if only_planned(card)]
    fetched = [card for card in cards if card not in planned and card.weights and missing_parts(card)]
    here = [card for card in cards if card not in planned and card not in fetched]
    for card in here:
        groups[card.capability].append(_model(card))
    extras = {c: {card.extra for card in here if card.capability == c} for c in groups}
    for capability, checks in sorted(groups.items()):
        yield from checks
        if capability in needed and not any(c.state == "ok" for c in checks):
            state = "missing" if extras[capability] & {None, "packaged"} or not checks else "optional"
            names = ", ".join(needed[capability])
            yield Check(
                capability, state, f"no model here can do it; it is needed by: {names}", "Install one of those above."
            )
    yield from _together("models of hubs", fetched, "whose packages or weights are not here")
    yield from _together("models on paper", planned, "that plans for clusters can use and nothing here runs")


def _together(subject: str, cards: Sequence[ModelCard], which: str) -> Iterator[Check]:
    """One line for all models of a kind that nobody expects here."""
    if cards:
        names = ", ".join(card.name for card in cards[:3])
        yield Check(subject, "optional", f"{len(cards)} {which}: {names}, ...", "`murakkab models` lists them.")


def _needed_capabilities() -> dict[str, list[str]]:
    """What the shipped workflows ask for, each with which of them do."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in _shipped():
        with contextlib.suppress(WorkflowError):
            for capability in {node.capability for node in load_workflow(path).flat.nodes.values() if node.capability}:
                found[capability].append(path.stem)
    return found


def _model(card: ModelCard) -> Check:
    subject = f"{card.capability}: {card.name}"
    variable = str(card.options.get("needs_environment", ""))
    if variable and variable not in os.environ:
        return Check(subject, "optional", f"needs the environment variable {variable}", f"Set {variable}.")
    if missing := missing_parts(card):
        return Check(subject, "optional", f"needs {', '.join(missing)}", _model_fix(card, missing))
    return Check(subject, "ok", f"{card.source} ({card.licence})")


def _model_fix(card: ModelCard, missing: list[str]) -> str:
    if programs := [p for p in card.programs if p in missing]:
        return f"Run: apt-get install {' '.join(programs)}"
    if card.extra in (None, "packaged"):
        return "Run: murakkab doctor --install"
    return _install_extra(card.extra)


def _install_extra(extra: str) -> str:
    return f"Run: pip install 'murakkab[{extra}]' && murakkab doctor --install"


def _fonts() -> Check:
    if importlib.util.find_spec("manimgx_fonts") is None:
        return Check("fonts", "missing", "no Noto fonts", "Run: pip install manimgx-fonts")
    return Check("fonts", "ok", "Noto")


def _page() -> Check:
    if any(files("murakkab").joinpath("server/static").rglob("hls*.js")):  # type: ignore[attr-defined]
        return Check("page", "ok", "player built in")
    return Check("page", "missing", "hls.js is not built in", "In a checkout run: make setup (needs npm)")


def _workflows() -> Iterator[Check]:
    for path in _shipped():
        try:
            load_workflow(path)
        except WorkflowError as fault:
            yield Check(f"workflow {path.stem}", "missing", str(fault), "Correct the file.")
        else:
            yield Check(f"workflow {path.stem}", "ok", path.name)


def _shipped() -> list[Path]:
    return sorted(workflow_folder().glob("*.yaml"))


def print_checks(checks: Iterable[Check], write: Callable[[str], None]) -> bool:
    """Write one line a check; return whether everything that is needed is there."""
    checks = list(checks)
    marks = {"ok": "ok  ", "optional": "-   ", "missing": "FAIL"}
    width = max(len(c.subject) for c in checks)
    for check in checks:
        write(f"{marks[check.state]}  {check.subject:<{width}}  {check.found}")
        if check.fix:
            write(f"      {'':<{width}}  {check.fix}")
    return all(c.state != "missing" for c in checks)
