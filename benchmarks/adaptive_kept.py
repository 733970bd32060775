"""Episodes of ``adaptive`` that were played before: their figures, what was asked for, and the code that made them."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MEASURE = ("player.mjs", "adaptive.py", "adaptive_core.py", "adaptive_figures.py")
PRODUCT = ("murakkab", "optimizer", "runtimes", *(f"benchmarks/{name}" for name in MEASURE))
"""What an episode and its figures come from."""

Row = dict[str, Any]


def code() -> Row:
    """The commit, whether the product differs from it, and a fingerprint of the product's files."""
    head = _git("rev-parse", "--short", "HEAD")
    changed = bool(_git("status", "--porcelain", "--", *PRODUCT))
    return {"commit": head, "dirty": changed, "product": _fingerprint()}


def told_code(found: Row) -> str:
    """The code in words."""
    return f"{found['commit'] or 'no commit'}{', changed since' * found['dirty']} (product {found['product']})"


def check_same(folder: Path, asked: Row, now: Row, *, play: bool) -> Row:
    """What the episodes of a folder are: of one kind, made by one product.

    Args:
        folder: of the episodes.
        asked: options that all episodes share.
        now: the code as it is.
        play: whether more may be played; what is only to be compared says itself what was asked for.

    Returns:
        The options, those of the folder where nothing is played.

    Raises:
        SystemExit: the folder holds other episodes, those of other code, or none to compare.
    """
    path = folder / "asked.json"
    kept: Row | None = json.loads(path.read_text()) if path.exists() else None
    if kept is None:
        if not play:
            raise SystemExit(f"{folder} holds no episodes: play some first")
        _save(path, {**asked, "code": now})
        return asked
    made_by = kept.pop("code", None)
    refuse_other(f"{folder} holds episodes", made_by, now)
    if play and kept != asked:
        raise SystemExit(f"{folder} holds episodes of {kept}, not of {asked}: name another folder with --keep")
    return kept


def refuse_other(what: str, made_by: Row | None, now: Row) -> None:
    """End with what to do where something was made by another product than the one at hand."""
    if made_by is None:
        raise SystemExit(f"{what} that do not say which code made them: name another folder with --keep")
    if made_by["product"] != now["product"]:
        back = "" if made_by["dirty"] else f", or check out {made_by['commit']} to go on with them"
        raise SystemExit(
            f"{what} of {told_code(made_by)}; the code is now {told_code(now)}. "
            f"Figures of both cannot stand in one table: name another folder with --keep{back}"
        )


def check_unchanged(since: Row) -> None:
    """Episodes of one call are of one code.

    Raises:
        RuntimeError: it was changed since.
    """
    if code()["product"] != since["product"]:
        raise RuntimeError("the code was changed since the call began: call it again, with another folder (--keep)")


def known(folder: Path, now: Row) -> Row | None:
    """Figures of an episode that was played before; None where there are none."""
    path = folder / "row.json"
    if not path.exists():
        return None
    row: Row = json.loads(path.read_text())
    refuse_other(f"{folder} holds an episode", row.get("code"), now)
    return row


def keep(folder: Path, row: Row) -> None:
    """Write the figures of an episode, all or nothing."""
    _save(folder / "row.json", row)


def _save(path: Path, facts: Row) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(facts, indent=2))
    fresh.replace(path)


def _git(*arguments: str) -> str:
    """What git says; nothing where the product is in no repository."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _fingerprint() -> str:
    found = hashlib.sha256()
    for path in sorted(_files()):
        found.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:12]


def _files() -> Iterator[Path]:
    for name in PRODUCT:
        path = ROOT / name
        inside = [path] if path.is_file() else path.rglob("*")
        yield from (one for one in inside if one.is_file() and "__pycache__" not in one.parts)
