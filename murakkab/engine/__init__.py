"""Drives the scheduler in real time: journal, artifacts, worker processes, publishing."""

from murakkab.engine.engine import Engine
from murakkab.engine.errors import UserError
from murakkab.engine.options import EngineOptions
from murakkab.engine.store import RunRecord, RunStore

__all__ = ["Engine", "EngineOptions", "RunRecord", "RunStore", "UserError"]
