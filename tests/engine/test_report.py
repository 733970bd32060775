"""What the reports of a run say."""

from __future__ import annotations

import json
from pathlib import Path

from murakkab.engine import RunRecord
from murakkab.engine.report import write_report
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.plan import Plan


def test_tells_what_became_of_the_plan(tmp_path: Path) -> None:
    changes = [{"node": "speech", "before": "joe", "after": "<b>ann</b>"}]
    event = {"event": "run.replanned", "run": "r", "seq": 1, "t": 4.25, "reason": "joe left", "changes": changes}
    (tmp_path / "events.jsonl").write_text(json.dumps(event) + "\n")
    write_report(tmp_path, RunRecord("r", "say", "2026-01-01T00:00:00Z"), Graph("say", ()), Plan({}))
    told = "New plan: joe left (speech: joe to <b>ann</b>)"
    assert json.loads((tmp_path / "report.json").read_text())["plan_news"] == [{"t": 4.25, "told": told}]
    assert (
        "<p>After 4.2 s: New plan: joe left (speech: joe to &lt;b&gt;ann&lt;/b&gt;)</p>"
        in (tmp_path / "report.html").read_text()
    )
