"""The web server: REST, live events, HLS and the page that plays a run while it is being made."""

from murakkab.server.app import create_app
from murakkab.server.serving import serve

__all__ = ["create_app", "serve"]
