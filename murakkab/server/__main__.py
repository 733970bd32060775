"""``python -m murakkab.server`` prints the OpenAPI document of the server."""

import json

from murakkab.server.openapi import document

print(json.dumps(document(), indent=2, ensure_ascii=False))
