"""Which configuration does each step of a run, on how many instances: within its promises, and with a proof."""
