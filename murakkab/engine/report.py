"""The report of a run: ``report.json`` for programs, ``report.html`` for people."""

from __future__ import annotations

from collections import Counter
from html import escape
from pathlib import Path
from typing import Any

import msgspec

from murakkab.engine import planning
from murakkab.engine.caching import HIT
from murakkab.engine.feed import FINISHED, read_events
from murakkab.engine.plan_news import news_of
from murakkab.engine.shots import shots_of
from murakkab.engine.store import RunRecord
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.plan import Plan

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2330}}
table{{border-collapse:collapse;width:100%;margin:1rem 0}}th,td{{text-align:left;padding:.35rem .6rem;
border-bottom:1px solid #dde2ea;vertical-align:top}}th{{font-weight:600}}td.n{{text-align:right;
font-variant-numeric:tabular-nums}}small{{color:#667}}
</style>
<h1 dir="auto">{title}</h1>
<p>{summary}</p>
<h2>Figures</h2><table>{figures}</table>
<h2>Plan</h2><table><tr><th>Node<th>Model<th>Threads<th>Why</tr>{plan}</table>{news}
<h2>Work</h2><table>
<tr><th>Node<th>Tasks<th>From the cache<th>Made because<th>Failed attempts<th>Seconds of work</tr>{work}</table>
{shots}<h2>Script</h2><table><tr><th>Shot<th>Speaker<th>Text<th>Passage</tr>{turns}</table>
"""

_LABELS = {
    "ttff_s": "Time to first frame",
    "first_content_s": "First content",
    "first_speech_s": "First speech",
    "stall_s": "Stall",
    "duration_s": "Length",
    "made_in_s": "Made in",
}


def write_report(folder: Path, record: RunRecord, graph: Graph, plan: Plan) -> None:
    """Write both reports into the run's folder."""
    facts = gather(folder, record, graph, plan)
    (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n")
    (folder / "report.html").write_text(_html(facts), encoding="utf-8")


def gather(folder: Path, record: RunRecord, graph: Graph, plan: Plan) -> dict[str, Any]:
    """Everything the reports say: the record, the plan, what became of it, work by node, and the script."""
    events = read_events(folder / "events.jsonl")
    return {
        **{name: value for name, value in msgspec.to_builtins(record).items() if name != "bytes"},
        "plan": planning.describe(graph, plan),
        "plan_news": news_of(events),
        "work": [_work(name, events) for name in (node.name for node in graph.nodes)],
        "turns": [event for event in events if event["event"] == "turn.written"],
        "segments": [event for event in events if event["event"] == "segment.published"],
        "shots": shots_of(events),
        "drift": next((event.get("drift", []) for event in reversed(events) if event["event"] == FINISHED), []),
    }


def _work(node: str, events: list[dict[str, Any]]) -> dict[str, Any]:
    mine = [event for event in events if event.get("node") == node]
    done = [event for event in mine if event["event"] == "task.finished"]
    cache = Counter(event.get("cache") for event in mine if event["event"] == "task.started" and event.get("cache"))
    return {
        "node": node,
        "tasks": len(done),
        "seconds": round(sum(event["seconds"] for event in done), 3),
        "failed_attempts": sum(1 for event in mine if event["event"] == "task.failed"),
        "from_cache": cache.pop(HIT, 0),
        "made_because": dict(cache),
    }


def _html(facts: dict[str, Any]) -> str:
    summary = f"{facts['workflow']} · {facts['status']} · seed {facts['seed']} · {facts['created']}"
    if facts["error"]:
        summary += f" · {facts['error']}"
    return _PAGE.format(
        title=escape(facts["title"]),
        summary=escape(summary),
        figures="".join(
            _row(label, _seconds(facts[key]), number=True)
            for key, label in _LABELS.items()
            if facts[key] or key != "duration_s"  # what shows nothing has no length
        )
        + _row("Measured by", facts["measured_by"] or "nothing was played"),
        plan="".join(_row(n["node"], _model(n), _threads(n), n["reason"]) for n in facts["plan"]),
        news="".join(f"<p>After {one['t']:.1f} s: {escape(one['told'])}</p>" for one in facts["plan_news"]),
        work="".join(
            _row(
                w["node"],
                str(w["tasks"]),
                str(w["from_cache"]),
                "; ".join(f"{reason} ({count})" for reason, count in w["made_because"].items()),
                str(w["failed_attempts"]),
                f"{w['seconds']:.2f}",
                number=True,
            )
            for w in facts["work"]
        ),
        shots=_shots(facts),
        turns="".join(_turn(turn) for turn in facts["turns"]),
    )


def _shots(facts: dict[str, Any]) -> str:
    """On which rung each shot was made; nothing where there was no choice."""
    if facts["quality"] is None:
        return ""
    rows = "".join(
        _row(
            shot["shot"],
            shot["rung"],
            shot["reason"],
            f"{shot['seconds']:.1f} s",
            f"{shot['quality']:.0%}",
            number=True,
        )
        for shot in facts["shots"]
    )
    head = "<tr><th>Shot<th>Made<th>Why<th>Length<th>Quality</tr>"
    return f"<h2>Shots</h2><p>{escape(told_looks(facts))}</p><table>{head}{rows}</table>"


def told_looks(facts: dict[str, Any]) -> str:
    """Mean quality and share of the best rung in words."""
    return f"Quality {facts['quality']:.1%} of the best; {facts['top_share']:.0%} of the show made at its best."


def _row(*cells: str, number: bool = False) -> str:
    last = ' class="n"' if number else ""
    inner = "".join(f'<td dir="auto">{escape(cell)}</td>' for cell in cells[:-1])
    return f"<tr>{inner}<td{last} dir='auto'>{escape(cells[-1])}</td></tr>"


def _model(node: dict[str, Any]) -> str:
    return f"{node['model']} (drawn)" if node["drawn"] else str(node["model"])


def _threads(node: dict[str, Any]) -> str:
    return str(node["threads"] or "under 1") if node["capability"] else ""


def _turn(turn: dict[str, Any]) -> str:
    passage = turn.get("passage") or {}
    page = f"page {passage['page']}: " if passage.get("page") else ""
    source = page + str(passage.get("text", ""))
    return _row(".".join(map(str, turn["path"])), turn["speaker"], turn["text"], source)


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"
