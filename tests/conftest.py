"""Property tests draw the same examples every time, and never fail because the machine is busy.

Profiles of the user are neither read nor written, and nothing is calibrated or corrected unless a test asks for it.
"""

import atexit
import os
import shutil
import tempfile

from hypothesis import HealthCheck, settings

settings.register_profile(
    "murakkab",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("murakkab")

_profiles = tempfile.mkdtemp(prefix="murakkab-profiles-")
atexit.register(shutil.rmtree, _profiles, ignore_errors=True)
os.environ["MURAKKAB_PROFILES"] = _profiles
os.environ["MURAKKAB_CALIBRATION"] = "off"
os.environ["MURAKKAB_CORRECTION"] = "off"
