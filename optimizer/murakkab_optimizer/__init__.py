"""What decides: plans, schedules and simulates. It reads no clock, no disk, no network and loads no model."""
