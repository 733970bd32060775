"""``python -m murakkab``."""

from murakkab.cli import main

main()
