"""Property tests draw the same examples every time, and never fail because the machine is busy."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "murakkab",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("murakkab")
