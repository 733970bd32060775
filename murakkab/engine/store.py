"""The folder of runs: one folder a run, with all that was made."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from pathlib import Path
from typing import Any, TextIO

import msgspec

from murakkab.engine.errors import FAILED, UserError
from murakkab.engine.figures import PlayerReport
from murakkab.engine.locks import claim, is_claimed

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


class RunRecord(msgspec.Struct, omit_defaults=False):
    """What is known of a run at a glance (``run.json``). Times are seconds; ``created`` is ISO 8601 UTC.

    ``ttff_s`` is request to first frame; ``first_content_s`` and ``first_speech_s`` are request to the first
    picture of the show itself and to the first spoken word; ``stall_s`` is the time the viewer waited for data.
    ``measured_by`` says whether a player or the playback clock measured them. ``cache`` counts the tasks that were
    taken from the cache (``hit``) and those that were made, by the reason; ``uses_cache`` is False where that is off.
    ``use`` is what the planner had to use, as it was written; ``plan_given`` says that the plan was not made by it.
    ``quality`` is the mean share of the quality of the best rung that the shots were made with, and ``top_share`` the
    share of the show that was made on that one; None where there was nothing to choose.
    """

    run: str
    workflow: str
    created: str
    status: str = "running"
    title: str = ""
    inputs: dict[str, Any] = {}
    seed: int = 0
    seed_given: bool = False
    uses_cache: bool = True
    use: list[str] = []
    plan_given: bool = False
    cache: dict[str, int] = {}
    ttff_s: float | None = None
    first_content_s: float | None = None
    first_speech_s: float | None = None
    stall_s: float | None = None
    measured_by: str | None = None
    duration_s: float | None = None
    made_in_s: float | None = None
    quality: float | None = None
    top_share: float | None = None
    error: str = ""
    bytes: int = 0


class RunStore:
    """Runs below one folder.

    Args:
        root: the folder; made when the first run begins.

    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def new_id(self, workflow: str) -> str:
        """A fresh run id: workflow, date, time and four random characters."""
        name = re.sub(r"[^a-z0-9]+", "-", workflow.lower()).strip("-") or "run"
        tail = "".join(secrets.choice(_ALPHABET) for _ in range(4))
        return f"{name[:40]}-{time.strftime('%Y%m%d-%H%M%S')}-{tail}"

    def create(self, record: RunRecord) -> Path:
        """Make the folder of a new run."""
        folder = self.root / record.run
        try:
            (folder / "artifacts").mkdir(parents=True)
        except OSError as fault:
            raise UserError(
                f"cannot make the run's folder {folder}: {fault.strerror}",
                "Choose another folder with --runs, or free some space.",
                FAILED,
            ) from None
        self.save(record)
        return folder

    def folder(self, run: str) -> Path:
        """The folder of an existing run; UserError when there is none."""
        folder = self.root / run
        if not _ID.fullmatch(run) or not (folder / "run.json").is_file():
            raise UserError(f"there is no run '{run}' in {self.root}", "`murakkab runs` lists those there are.")
        return folder

    def save(self, record: RunRecord) -> None:
        """Write the record, whole or not at all."""
        target = self.root / record.run / "run.json"
        partial = target.with_suffix(".part")
        partial.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
        partial.replace(target)

    def record(self, run: str) -> RunRecord:
        """The record of a run; one whose engine is gone is ``interrupted``."""
        folder = self.folder(run)
        try:
            record = msgspec.json.decode((folder / "run.json").read_bytes(), type=RunRecord)
        except msgspec.DecodeError as fault:
            raise UserError(
                f"{folder / 'run.json'} is damaged: {fault}", f"Remove it: murakkab runs rm {run}"
            ) from None
        if record.status == "running" and not self.in_use(run):
            record.status = "interrupted"
        return record

    def played(self, run: str, report: PlayerReport) -> None:
        """Take the figures of a player that goes on after the run was made."""
        record = self.record(run)
        if report.ttff_s is None or record.status == "running":
            return
        record.ttff_s, record.stall_s, record.measured_by = report.ttff_s, report.stall_s, "player"
        record.first_content_s, record.first_speech_s = report.first_content_s, report.first_speech_s
        self.save(record)

    def list(self) -> list[RunRecord]:
        """All runs, the newest first, each with the bytes that it takes."""
        records = []
        for file in self.root.glob("*/run.json"):
            if _ID.fullmatch(file.parent.name):
                record = self.record(file.parent.name)
                record.bytes = _size(file.parent)
                records.append(record)
        return sorted(records, key=lambda record: (record.created, record.run), reverse=True)

    def remove(self, run: str) -> None:
        """Delete a run; UserError when it is being made."""
        folder = self.folder(run)
        if self.in_use(run):
            raise UserError(f"the run '{run}' is being made", "Stop it first.")
        shutil.rmtree(folder)

    def collect(self, budget_bytes: int, *, unfinished: bool = False) -> tuple[str, ...]:
        """Delete the oldest runs until all together fit the budget; return their ids.

        Args:
            budget_bytes: that may stay.
            unfinished: whether those may go, too, that can be resumed: that failed, were stopped or interrupted.
        """
        records = self.list()
        total = sum(record.bytes for record in records)
        removed = []
        for record in reversed(records):
            if total <= budget_bytes:
                break
            if record.status == "succeeded" or (unfinished and record.status != "running"):
                self.remove(record.run)
                total -= record.bytes
                removed.append(record.run)
        return tuple(removed)

    def lock(self, run: str) -> TextIO:
        """Claim a run for this process until the returned file is closed; UserError when another holds it."""
        handle = claim(self.root / run / "lock")
        if handle is None:
            raise UserError(f"the run '{run}' is being made by another process", "Wait for it, or stop it.")
        return handle

    def in_use(self, run: str) -> bool:
        """Whether a living process has claimed the run."""
        return is_claimed(self.root / run / "lock")


def _size(folder: Path) -> int:
    """Bytes on disk; a file with several names counts once."""
    seen: dict[tuple[int, int], int] = {}
    for parent, _, files in os.walk(folder):
        for name in files:
            try:
                status = (Path(parent) / name).stat()
            except FileNotFoundError:
                continue
            seen[(status.st_dev, status.st_ino)] = status.st_blocks * 512
    return sum(seen.values())
