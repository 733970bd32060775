"""``murakkab new``: writes a workflow to start from."""

from __future__ import annotations

import keyword
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from murakkab.cli.common import command_app

if TYPE_CHECKING:
    from murakkab.engine import UserError

app = command_app()
main = app

STARTERS = Path(__file__).parent / "starters"
SCHEMA_NAME = "workflow.schema.json"
MODELINE = f"# yaml-language-server: $schema={SCHEMA_NAME}"

_COMPANION = re.compile(r"(?:function|uses): *[\"']?(?:\./)?(\w[\w./-]*\.(?:py|ya?ml))")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What to call the workflow.", metavar="NAME")],
    python: Annotated[bool, typer.Option("--python", help="Write it in Python.")] = False,
    origin: Annotated[
        str | None, typer.Option("--from", help="Start from a shipped workflow, for example podcast.", metavar="NAME")
    ] = None,
) -> None:
    """Write a commented workflow that runs as it stands into this folder, with the schema that editors check it by."""
    _check_name(name, python=python, origin=origin)
    file = Path(f"{name.replace('-', '_')}.py" if python else f"{name}.yaml")
    text = _python(name) if python else _yaml(name, origin)
    _write_new(file, text)
    _copy_companions(origin)
    source = f"{file}:{name.replace('-', '_')}" if python else str(file)
    if not python:
        _write_schema(file.with_name(SCHEMA_NAME))
    typer.echo(f"Wrote {file}. Try:\n  murakkab check {source}\n  murakkab run {source}")


def _check_name(name: str, *, python: bool, origin: str | None) -> None:
    if not _NAME.fullmatch(name):
        raise _refusal(
            f"'{name}' is no name of a workflow", "Begin with a letter; letters, digits, '-' and '_' follow."
        )
    if python and keyword.iskeyword(name):
        raise _refusal(f"'{name}' is a word of Python's own", "Choose another name.")
    if python and origin:
        raise _refusal("--python and --from do not go together", "Leave one of them out.")


def _yaml(name: str, origin: str | None) -> str:
    """The text of the new file: its own name, and the schema beside it."""
    from murakkab.language import find_workflow

    source = find_workflow(origin) if origin else STARTERS / "starter.yaml"
    lines = source.read_text(encoding="utf-8").splitlines()
    if lines[0].startswith("# yaml-language-server"):
        lines = lines[1:]
    text = "\n".join([MODELINE, *lines]) + "\n"
    text = re.sub(r"(?m)^(metadata:\n(?:  .*\n)*?  name: ).*$", rf"\g<1>{name}", text, count=1)
    return text if origin else text.replace("starter.", f"{name}.")


def _python(name: str) -> str:
    text = (STARTERS / "starter.py").read_text(encoding="utf-8")
    return text.replace("starter", name.replace("-", "_"))


def _write_new(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise _refusal(f"{file} is there already", "Choose another name, or move the file away.") from None


def _copy_companions(origin: str | None) -> None:
    """Copy the files that a shipped workflow names, beside the new one; what is there already stays."""
    from murakkab.language import find_workflow

    source = find_workflow(origin) if origin else STARTERS / "starter.yaml"
    for name in _COMPANION.findall(source.read_text(encoding="utf-8")):
        found, target = source.parent / name, Path(name)
        if found.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found, target)
            typer.echo(f"Wrote {target}, which it uses")


def _write_schema(file: Path) -> None:
    """Put the schema beside a workflow; one that is there already stays."""
    from murakkab.cli.schema import SCHEMA

    if not file.exists():
        file.write_text(SCHEMA.read_text(encoding="utf-8"), encoding="utf-8")


def _refusal(message: str, fix: str) -> UserError:
    from murakkab.engine.errors import UserError

    return UserError(message, fix)
