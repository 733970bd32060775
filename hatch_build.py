"""Build hook: puts hls.js, which plays the stream in the page, beside the page's own files.

The version and its checksum stand in ``package.json`` and ``package-lock.json``. The files are part of the wheel, of
the source distribution and of an editable install, and are not committed. ``python hatch_build.py`` does it by hand.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = Path("murakkab/server/static/vendor")
FILES = {"dist/hls.min.mjs": "hls.min.js", "LICENSE": "hls.js.LICENSE"}
STAMP = "hls.js.version"


class VendorHook(BuildHookInterface[Any]):
    """Runs before every build."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make sure that the pinned hls.js is there."""
        vendor_hls(Path(self.root))


def vendor_hls(root: Path) -> bool:
    """Fetch the pinned hls.js into the page's ``vendor`` folder; False when it is there already.

    Raises:
        SystemExit: npm is missing or cannot fetch it; the message says what to do.
    """
    target = root / VENDOR
    pinned = json.loads((root / "package.json").read_text())["dependencies"]["hls.js"]
    if is_there(target, pinned):
        return False
    with tempfile.TemporaryDirectory() as scratch:
        package = _install(root, Path(scratch), pinned)
        target.mkdir(parents=True, exist_ok=True)
        for source, name in FILES.items():
            shutil.copyfile(package / source, target / name)
    (target / STAMP).write_text(f"{pinned}\n")
    return True


def is_there(target: Path, version: str) -> bool:
    """Whether the folder holds that version of hls.js, whole."""
    stamp = target / STAMP
    whole = all((target / name).is_file() for name in FILES.values())
    return whole and stamp.is_file() and stamp.read_text().strip() == version


def _install(root: Path, scratch: Path, version: str) -> Path:
    npm = shutil.which("npm")
    by_hand = f"or put dist/hls.min.mjs and LICENSE of hls.js {version} into {VENDOR} as {', '.join(FILES.values())}"
    by_hand += f", with a file {STAMP} that says {version}"
    if npm is None:
        raise SystemExit(
            f"murakkab's page needs hls.js {version}, and npm is missing: install Node.js with npm, {by_hand}"
        )
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(root / name, scratch / name)
    command = [npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"npm cannot fetch hls.js {version}: {done.stderr.strip()}\nCheck the network, {by_hand}")
    return scratch / "node_modules" / "hls.js"


if __name__ == "__main__":
    print("fetched" if vendor_hls(Path(__file__).parent) else "already there")
