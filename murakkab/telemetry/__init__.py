"""What is told of an engine and its workers to the outside: metrics for Prometheus, spans for OpenTelemetry.

Nothing here is imported unless it is asked for; the packages for it are the extras ``metrics`` and ``tracing``.
"""
