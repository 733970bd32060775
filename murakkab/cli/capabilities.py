"""``murakkab capabilities``: what a step can be asked to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from murakkab.cli.common import command_app

if TYPE_CHECKING:
    from murakkab_optimizer.catalog import Capability

app = command_app()
main = app


@app.command()
def capabilities(
    name: Annotated[str | None, typer.Argument(help="Show all of this one.", metavar="[CAPABILITY]")] = None,
) -> None:
    """List what steps can do, or what one capability takes and gives."""
    from murakkab_runtimes.catalog import load_capabilities

    known = load_capabilities()
    if name is None:
        width = max(map(len, known))
        lines = [f"{one.name:<{width}}  {one.description}" for one in sorted(known.values(), key=lambda c: c.name)]
        typer.echo("\n".join([*lines, "", "`murakkab capabilities NAME` shows what it takes and gives."]))
        return
    if name not in known:
        from murakkab.engine.errors import UserError
        from murakkab.language.problems import nearest

        raise UserError(f"there is no capability '{name}'", nearest(name, known, what="capabilities"))
    typer.echo("\n".join(_described(known[name])))


def _described(one: Capability) -> list[str]:
    """The signature of a capability and of each of its forms."""
    lines = [f"{one.name}: {one.description}", *_signature(one.takes, one.returns, one.emits)]
    for form, variant in one.forms.items():
        lines += ["", f"form: {form}  {variant.description}"]
        lines += _signature(variant.takes, variant.returns, variant.emits)
    used = [name for name in one.types if any(name == line.rpartition(" ")[2].strip("[]") for line in lines)]
    lines += ["", *(f"{name} is {_notation(one.types[name])}" for name in used)] if used else []
    if one.examples:
        lines += ["", "In plain words: " + "; ".join(one.examples)]
    return lines


def _signature(takes: dict[str, Any] | None, returns: object, emits: object) -> list[str]:
    lines = ["  takes"] if takes else []
    lines += [f"    {name}: {_notation(kind)}" for name, kind in (takes or {}).items()]
    given = {"returns": returns, "emits": emits}
    return lines + [f"  {what} {_notation(kind)}" for what, kind in given.items() if kind is not None]


def _notation(kind: object) -> str:
    """A type as it is written in the catalogue."""
    match kind:
        case dict():
            return "{" + ", ".join(f"{name}: {_notation(inner)}" for name, inner in kind.items()) + "}"
        case list():
            return "[" + ", ".join(map(_notation, kind)) + "]"
    return str(kind)
