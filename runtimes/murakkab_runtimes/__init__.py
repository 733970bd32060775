"""What does the work: adapters around models and tools, and the worker processes that hold them."""
