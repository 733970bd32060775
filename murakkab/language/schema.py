"""The JSON Schema of workflow files, for editors.

``python -m murakkab.language.schema`` prints it; ``workflow.schema.json`` beside this file is its committed copy.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .document import Data
from .model import ALLOWED, INPUT_TYPES, RESERVED, WORKS, Workflow

SCHEMA_FILE = Path(__file__).with_name("workflow.schema.json")


def workflow_schema() -> dict[str, Data]:
    """Generate the schema from the models; expressions are accepted wherever the language takes one."""
    generated = _tidy(Workflow.model_json_schema(by_alias=True))
    definitions = generated["$defs"]
    definitions["NodeSpec"]["propertyNames"] = {"pattern": r"^[^$]"}
    definitions["NodeSpec"]["oneOf"] = [_step(work) for work in WORKS]
    declared = generated["properties"]["inputs"]["patternProperties"]
    for pattern, schema in declared.items():
        declared[pattern] = {"anyOf": [{"enum": list(INPUT_TYPES)}, schema]}
    generated["description"] = "A Murakkab workflow: what is to be made, not how."
    return {"$schema": "http://json-schema.org/draft-07/schema#", **generated}


def _step(work: str) -> dict[str, Data]:
    """What a step of one kind of work must and may hold; see ``ALLOWED``."""
    allowed = sorted(name.rstrip("_") for name in ALLOWED[work])
    required: list[Data] = [work, "nodes"] if work == "repeat" else [work]
    if work in ("value", "repeat"):
        return {"required": required, "propertyNames": {"enum": allowed}}
    return {"required": required, "properties": {name: False for name in RESERVED if name not in allowed}}


def _tidy(schema: Data) -> Data:
    """Refuse names outside a pattern; leave out titles and defaults that tell nobody anything."""
    if isinstance(schema, list):
        return [_tidy(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    tidy: dict[str, Data] = {}
    for key, value in schema.items():
        if key in ("properties", "patternProperties", "$defs"):
            tidy[key] = {name: _tidy(inner) for name, inner in value.items()}
        elif key not in ("title", "discriminator") and not (key == "default" and value in (None, "", {})):
            tidy[key] = _tidy(value)
    if "patternProperties" in tidy:
        tidy["additionalProperties"] = False
    return tidy


def schema_text() -> str:
    """The schema as it stands in ``workflow.schema.json``."""
    return json.dumps(workflow_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
