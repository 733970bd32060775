"""Write a whole script through the doors of an adapter: the outline, then the turns of each section."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from murakkab_runtimes.base import Runtime, Task

CAST = {
    "hosts": [
        {"name": "Claire", "voice": "female-1", "gender": "female", "look": {}},
        {"name": "Joe", "voice": "male-1", "gender": "male", "look": {}},
    ]
}


@dataclass
class Script:
    sections: list[dict[str, Any]] = field(default_factory=list)
    turns: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    note: str | None = None

    @property
    def texts(self) -> list[str]:
        return [t["text"] for t in self.turns]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [t for t in self.turns if t["kind"] == kind]


def sections_of(model: Runtime, scratch: Path, **arguments: Any) -> Script:
    script = Script()
    seed = arguments.pop("seed", 1)
    task = Task(
        {"form": "outline", "cast": CAST, "duration": 60, **arguments},
        scratch,
        seed=seed,
        on_item=lambda value, meta: script.sections.append(value),
    )
    script.note = model.run(task).value["note"]
    return script


def write(model: Runtime, scratch: Path, **arguments: Any) -> Script:
    cast = arguments.setdefault("cast", CAST)
    seed = arguments.get("seed", 1)
    script = sections_of(model, scratch, **arguments)
    state = None
    for section in script.sections:

        def heard(value: dict[str, Any], meta: dict[str, Any]) -> None:
            script.turns.append(value)
            script.seconds += meta["seconds"]

        values = {"form": "dialogue", "section": section, "source": arguments.get("source"), "cast": cast}
        state = model.run(Task(values, scratch, seed=seed, previous=state, on_item=heard)).value
    return script
