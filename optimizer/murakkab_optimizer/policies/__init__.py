"""Decisions the kernel asks for, each family behind a protocol with a registry."""
