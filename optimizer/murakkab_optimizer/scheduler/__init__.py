"""The kernel: events in, commands out."""

from murakkab_optimizer.scheduler.commands import Command
from murakkab_optimizer.scheduler.events import Event
from murakkab_optimizer.scheduler.kernel import Scheduler

__all__ = ["Command", "Event", "Scheduler"]
