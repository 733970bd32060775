"""Worker processes: they load a model once, keep it, and run tasks one at a time."""
