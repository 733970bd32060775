"""``murakkab models``: the models of the catalogue, and all that is known of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from murakkab.cli.common import command_app

if TYPE_CHECKING:
    from murakkab_optimizer.catalog import ModelCard, Range
    from murakkab_optimizer.profiles import Profile

app = command_app()
main = app


@app.command()
def models(
    name: Annotated[str | None, typer.Argument(help="Show all of this one.", metavar="[NAME]")] = None,
    capability: Annotated[str | None, typer.Option("--capability", "-c", help="Only those that can do this.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON a model.")] = False,
) -> None:
    """List the models of the catalogue, or show what is known of one: knobs, needs, licence, quality, speed."""
    from murakkab_runtimes.catalog import load_capabilities, load_catalog

    cards = load_catalog()
    if name is not None:
        _known(name, cards, "model")
    if capability is not None:
        _known(capability, load_capabilities(), "capability")
    chosen = [card for card in cards.values() if name in (None, card.name) and capability in (None, card.capability)]
    chosen.sort(key=lambda card: (card.capability, -card.quality.value, card.name))
    profiles = _profiles(chosen)
    if as_json:
        _print_json(chosen, profiles)
    elif name is None:
        _print_table(chosen, profiles)
    else:
        for card in chosen:
            _print_page(card, profiles[card.name])


def _known(name: str, names: Iterable[str], what: str) -> None:
    if name not in names:
        from murakkab.engine.errors import UserError
        from murakkab.language.problems import nearest

        plural = {"model": "models", "capability": "capabilities"}[what]
        raise UserError(f"there is no {what} '{name}'", nearest(name, names, what=plural))


def _profiles(cards: Sequence[ModelCard]) -> dict[str, list[Profile]]:
    """What plans on this machine go by, by model."""
    from murakkab.profiling import known_profiles
    from murakkab_runtimes.catalog import load_profiles

    found: dict[str, list[Profile]] = {card.name: [] for card in cards}
    shipped = [profile for profile in load_profiles() if profile.model in found]
    for profile in known_profiles(cards, shipped):
        found[profile.model].append(profile)
    return found


def _print_json(cards: Iterable[ModelCard], profiles: dict[str, list[Profile]]) -> None:
    import msgspec

    from murakkab.engine.planning import obstacle

    for card in cards:
        line: dict[str, Any] = msgspec.to_builtins(card)
        line |= {"obstacle": obstacle(card), "profiles": msgspec.to_builtins(profiles[card.name])}
        typer.echo(msgspec.json.encode(line).decode())


def _print_table(cards: Iterable[ModelCard], profiles: dict[str, list[Profile]]) -> None:
    """One line a model, under its capability."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("Model", "Quality", "Here", "Timed on", "Licence"):
        justify: Literal["left", "right"] = "right" if title == "Quality" else "left"
        table.add_column(title, no_wrap=title != "Licence", justify=justify, overflow="fold")
    before = ""
    for card in cards:
        if card.capability != before:
            table.add_row(Text(before := card.capability, style="bold"))
        licence = card.licence.replace("LicenseRef-", "")
        cells = (f"  {card.name}", f"{card.quality.value:.2f}", _here(card), _timed(profiles[card.name]), licence)
        table.add_row(*map(Text, cells), style="" if _here(card) == "yes" else "dim")
    Console(highlight=False).print(table)
    typer.echo(
        "\nQuality compares models of one capability. Planned: without an adapter, for plans of clusters only.\n"
        "`murakkab models NAME` shows all that is known of one."
    )


def _timed(profiles: Iterable[Profile]) -> str:
    """The devices that it has profiles for: the first, and how many more."""
    devices = list(dict.fromkeys(profile.device for profile in profiles))
    return " ".join([*devices[:1], *([f"+{len(devices) - 1}"] if devices[1:] else [])]) or "-"


def _here(card: ModelCard) -> str:
    """Whether the model can be used on this machine, in a word."""
    from murakkab.engine.planning import obstacle
    from murakkab_runtimes.base import only_planned

    if only_planned(card):
        return "planned"
    return "no" if obstacle(card) else "yes"


def _print_page(card: ModelCard, profiles: Sequence[Profile]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text.assemble((card.name, "bold"), f": {card.description}"))
    facts = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    facts.add_column(no_wrap=True, style="dim")
    facts.add_column(overflow="fold")
    for what, said in _facts(card):
        facts.add_row(what, Text(said))
    console.print(facts)
    if not profiles:
        console.print("\nNothing is known of its speed.")
        return
    for title, rows in _by_source(profiles):
        console.print()
        console.print(Text(title, style="bold"))
        console.print(_speeds(rows))


def _facts(card: ModelCard) -> Iterable[tuple[str, str]]:
    from murakkab.engine.planning import obstacle

    yield "does", card.capability
    yield "here", obstacle(card) or "can be used"
    yield "licence", card.licence
    yield "from", card.source
    yield "adapter", card.adapter
    yield "needs", _needs(card)
    for light in card.lighter:
        memory = _megabytes(light.needs.accelerator_mb)
        yield "", f"{memory} of accelerator memory with {_settings(light.knobs)}  ({light.source})"
    if card.weights_mb or card.load_s:
        weights = f"weights {_megabytes(card.weights_mb)}" if card.weights_mb else "no weights"
        yield "loads", weights + (f", {card.load_s:g} s until the first task" if card.load_s else "")
    for number, (knob, value) in enumerate(card.knobs.items()):
        yield "knobs" if number == 0 else "", f"{knob}: {_value(value)}{_range(card.ranges.get(knob))}"
    yield "quality", f"{card.quality.value:g}  ({card.quality.source})"
    for rating in card.rated:
        yield "", f"{rating.value:g} with {_settings(rating.knobs)}  ({rating.source})"
    notes = ["its output is drawn by a program"] if card.drawn else []
    notes += ["equal inputs give equal outputs whatever the seed"] if not card.seeded else []
    if notes:
        yield "note", "; ".join(notes)


def _needs(card: ModelCard) -> str:
    needs = card.needs
    threads = "no thread of its own" if not needs.threads else f"{needs.threads} thread{'s' * (needs.threads > 1)}"
    parts = [threads, f"{_megabytes(needs.memory_mb)} of memory"]
    parts += [f"{_megabytes(needs.accelerator_mb)} of accelerator memory"] if needs.accelerator_mb else []
    parts += [f"packages {', '.join(card.packages)}"] if card.packages else []
    parts += [f"programs {', '.join(card.programs)}"] if card.programs else []
    return "; ".join(parts)


def _range(span: Range | None) -> str:
    """What a knob may be; empty where only its default is tried."""
    if span is None:
        return ""
    parts = [f"tries {', '.join(map(_value, span.choices))}"] if span.choices else []
    if span.minimum is not None or span.maximum is not None:
        low, high = ("" if bound is None else f"{bound:g}" for bound in (span.minimum, span.maximum))
        parts.append(f"may be {low}..{high}")
    return f"  ({'; '.join(parts)})" if parts else ""


def _by_source(profiles: Sequence[Profile]) -> list[tuple[str, list[Profile]]]:
    """Profiles under a title that says where they come from."""
    groups: dict[str, list[Profile]] = {}
    for profile in profiles:
        came = profile.provenance
        parts = [part for part in (came.source, came.device, came.date) if part]
        parts += [f"{came.samples} samples"] if came.samples else []
        groups.setdefault(f"{came.kind}: {', '.join(parts)}", []).append(profile)
    return list(groups.items())


def _speeds(profiles: Sequence[Profile]) -> Any:  # noqa: ANN401
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 2), header_style="dim")
    columns = {title: [_cell(title, profile) for profile in profiles] for title in _COLUMNS}
    shown = {title: cells for title, cells in columns.items() if any(cells)}
    for title in shown:
        table.add_column(title, justify="left" if title in ("device", "with") else "right", overflow="fold")
    for cells in zip(*shown.values(), strict=True):
        table.add_row(*map(Text, cells))
    return table


_COLUMNS = ("device", "with", "a task", "work", "first item", "spread", "watts", "under load")


def _cell(title: str, profile: Profile) -> str:
    match title:
        case "device":
            return f"{profile.devices} x {profile.device}"
        case "with":
            return _settings({**profile.knobs, **profile.conditions})
        case "a task":
            return f"{profile.fixed_s:.3g} s +" if profile.fixed_s else ""
        case "work":
            return f"{profile.unit_s:.3g} s per {profile.unit}"
        case "first item":
            return f"{profile.first_s:.3g} s" if profile.first_s is not None else ""
        case "spread":
            return f"{profile.spread_s:.2g} s" if profile.spread_s else ""
        case "watts":
            return f"{profile.power_w:.0f} W {profile.energy}" if profile.power_w else ""
    return ", ".join(f"{point.unit_s:.3g} s at {point.rate:g}/s" for point in profile.load)


def _settings(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in values.items())


def _value(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value) or "''"


def _megabytes(size: float) -> str:
    return f"{size / 1024:.3g} GiB" if size >= 1024 else f"{size:.3g} MiB"
