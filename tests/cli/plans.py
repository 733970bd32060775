"""Plans written down for tests of what shows them; what a planner makes is tested in ``test_plan.py``."""

from __future__ import annotations

import msgspec

from murakkab_optimizer.catalog import Needs
from murakkab_optimizer.plan import Configuration, Instances, NodePlan, Plan, Prediction, Relaxation, Rung

KOKORO = Configuration("kokoro", {"speed": 1.0}, Needs(1, 900), 0.9, "A100", 1, 0.8)
PIPER = Configuration("piper", {"speed": 1.25}, Needs(2, 100), 0.25, "cpu", 0, 0.6)
SPEECH = Instances("kokoro", "A100", 1, 2, spot=True, region="eu")
HOSTS = Configuration("fantasy", {"steps": 20}, Needs(0), 14.6, "H200", 4, 0.9)
STILL = Configuration("fantasy", {"steps": 1}, Needs(0), 1.5, "H200", 4, 0.3)
VIDEO = Instances("fantasy", "H200", 4, 16)

PLAN = Plan(
    nodes={
        "speech": NodePlan(
            KOKORO,
            "the best-rated one that keeps ttff",
            (("piper", "rated 0.60 against 0.80"), ("flite", "rated 0.30 against 0.80")),
            (SPEECH,),
            PIPER,
            "published by its authors for the A100",
        ),
        "hosts": NodePlan(
            HOSTS,
            "the only one on these machines",
            instances=(VIDEO,),
            provenance="published with StreamWise (arXiv 2603.05800)",
        ),
        "cut": NodePlan(Configuration("cutter", {}, Needs(0)), "the only one here"),
    },
    notes=("the catalogue has no power of the H200",),
    workflow="show",
    cluster="big",
    objective=("cost", "quality"),
    predictions=(
        Prediction("ttff", "s", 21.9, 22.0),
        Prediction("realtime", "s", 3.0, 0.0),
        Prediction("latency", "s", 612.0),
        Prediction("cost", "US$", 29.4609, 30.0),
        Prediction("energy", "Wh", None, 10.0, "nobody measured the power of fantasy"),
        Prediction("quality", "", 0.72, 0.8),
    ),
    relaxations=(
        Relaxation("ttff", 22.0, 27.5, "cost", 29.46, 26.10),
        Relaxation("devices H200", 64, 128, "cost", 29.46, 28.0),
        Relaxation("quality", 0.8, None, "cost", 29.46, 20.0),
    ),
    instances=(SPEECH, VIDEO),
    defaults=("a turn lasts 5 s",),
    method="exact",
    gap=0.008,
    rungs=(
        Rung("20 steps", {"hosts": HOSTS}, 1.0, 0.5, {"hosts": 0.25}),
        Rung("one picture", {"hosts": STILL}, 0.31, 0.1, {"hosts": 0.05}, static=True),
    ),
)


def smaller() -> Plan:
    """The same show with fewer devices, another voice and no step that cuts."""
    nodes = {
        "speech": NodePlan(PIPER, "keeps the cost", instances=(Instances("piper", "cpu", 2),)),
        "hosts": msgspec.structs.replace(PLAN.nodes["hosts"], instances=(msgspec.structs.replace(VIDEO, count=4),)),
        "title": NodePlan(Configuration("titler"), "the only one here"),
    }
    return msgspec.structs.replace(
        PLAN,
        nodes=nodes,
        predictions=(Prediction("ttff", "s", 40.0, 60.0), Prediction("cost", "US$", 14.73)),
        instances=(Instances("piper", "cpu", 2), msgspec.structs.replace(VIDEO, count=4)),
    )
