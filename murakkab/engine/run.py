"""One run while it is being made: its folder, journal, feed, playlist and figures."""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from collections.abc import Mapping
from typing import Any, TextIO

import msgspec

from murakkab.engine import planning
from murakkab.engine.cache import ResultCache
from murakkab.engine.caching import RunCache
from murakkab.engine.errors import UserError
from murakkab.engine.feed import FINISHED, RunFeed, read_events
from murakkab.engine.figures import PlaybackFigures, PlayerReport
from murakkab.engine.here import There, elsewhere
from murakkab.engine.journal import Journal
from murakkab.engine.outputs import keep_outputs
from murakkab.engine.promises import missed
from murakkab.engine.publisher import Publisher, is_segment
from murakkab.engine.report import write_report
from murakkab.engine.shots import RUNG, looks, shots_of
from murakkab.engine.store import RunRecord, RunStore
from murakkab.engine.submission import secrets_of
from murakkab_optimizer.graph import Graph
from murakkab_optimizer.plan import Plan
from murakkab_optimizer.scheduler import Event
from murakkab_optimizer.scheduler import events as ev
from murakkab_optimizer.scheduler.commands import FinishRun, MakeShot, Publish
from murakkab_runtimes.artifacts import ArtifactStore
from murakkab_runtimes.catalog import load_catalog, load_profiles
from murakkab_runtimes.secrets import Mask

CACHED = "cached"
"""Mark in the meta of a task whose result was taken from the cache."""


class LiveRun:
    """A run in the engine's hands. It owns the run's lock, journal, feed and playlist until ``finish``.

    Args:
        store: the folder of runs.
        record: the run's record; its folder exists.
        graph: the workflow with its inputs filled in.
        plan: the configuration of each node.
        began: time of the request, in the clock of the scheduler.
        results: those kept for all runs, or None where this run uses none and leaves none.
        cold: whether models of the plan had to be loaded first.
        pace: of the workers, where they are on other machines; see ``Fleet.pace``.

    Attributes:
        place: absolute path of the run's artifacts.
        cards: of all models, by name.

    """

    def __init__(
        self,
        store: RunStore,
        record: RunRecord,
        graph: Graph,
        plan: Plan,
        began: float,
        results: ResultCache | None = None,
        *,
        cold: bool = False,
        pace: Mapping[str, float] | None = None,
    ) -> None:
        self.store, self.record, self.graph, self.plan, self.cold = store, record, graph, plan, cold
        self.pace = pace
        self.folder = store.folder(record.run)
        self._lock: TextIO = store.lock(record.run)
        self.artifacts = ArtifactStore(self.folder / "artifacts")
        self.place = str(self.artifacts.root.resolve())
        with contextlib.ExitStack() as opened:
            opened.callback(self._lock.close)
            self.journal = Journal(self.folder / "journal.jsonl")
            opened.callback(self.journal.close)
            self.feed = RunFeed(self.folder / "events.jsonl", record.run, began)
            opened.pop_all()
        self.figures = PlaybackFigures()
        self.publisher = Publisher(self.folder / "hls")
        self.abort_reason = ""
        self.secrets = tuple(sorted(secrets_of(graph)))
        self.mask = Mask(self.secrets)
        seed = record.seed if record.seed_given else None
        self.cards = load_catalog()
        self.cache = RunCache(results, graph, plan, self.cards, self.artifacts, seed)
        self.models: dict[str, str] = {}
        self._outputs: dict[str, Any] = {}

    def begins(self, now: float, *, resumed: bool) -> None:
        """Tell the feed what is made, and by which plan."""
        what, plan = self.record, self.plan
        name = "run.resumed" if resumed else "run.submitted"
        self.feed.send(name, now, workflow=what.workflow, title=what.title, inputs=what.inputs, seed=what.seed)
        self.feed.send(
            "run.planned",
            now,
            nodes=planning.describe(self.graph, plan),
            promises=planning.describe_promises(self.graph),
            notes=plan.notes,
            predictions=msgspec.to_builtins(plan.predictions),
            rungs=planning.describe_rungs(plan),
            cold=self.cold,
        )

    def told(self, event: Event, now: float) -> None:
        """Pass an event that counts on to the feed."""
        match event:
            case ev.TaskStarted(lease):
                node, path, attempt = ev.parse_lease(lease)[1:]
                model = self.models.get(lease, self.plan.nodes[node].chosen.model)
                cache = self.cache.verdict(lease)
                self.feed.send("task.started", now, node=node, path=path, model=model, attempt=attempt, cache=cache)
            case ev.TaskProgressed(lease, done):
                node, path, _ = ev.parse_lease(lease)[1:]
                self.feed.send("task.progressed", now, node=node, path=path, done=done)
            case ev.ItemEmitted(lease, index, value, meta):
                node, path, _ = ev.parse_lease(lease)[1:]
                self.cache.emitted(event)
                self.feed.send("item.emitted", now, node=node, path=(*path, index), meta=meta)
                self._tell_turn(node, (*path, index), value, now)
            case ev.TaskFinished(lease, _, meta, seconds):
                node, path, _ = ev.parse_lease(lease)[1:]
                self.models.pop(lease, None)
                seconds = 0.0 if meta.get(CACHED) else seconds
                self.feed.send("task.finished", now, node=node, path=path, seconds=seconds, meta=meta)
            case ev.TaskFailed(lease, error, retry, memory=memory):
                node, path, attempt = ev.parse_lease(lease)[1:]
                facts = {"error": error, "attempt": attempt, "retry": retry} | ({"memory": True} if memory else {})
                self.feed.send("task.failed", now, node=node, path=path, **facts)
            case ev.Evaluated() if not event.error:
                self._tell_evaluated(event, now)
            case _:
                pass

    def timed_out(self, lease: str, now: float) -> None:
        """Tell that an attempt was stopped and will be made again."""
        node, path, attempt = ev.parse_lease(lease)[1:]
        error = f"took longer than {self.graph.node(node).timeout_s:g} s"
        self.feed.send("task.failed", now, node=node, path=path, error=error, attempt=attempt, retry=True)

    def _tell_evaluated(self, event: ev.Evaluated, now: float) -> None:
        """What became of a condition, a value or a round of a loop."""
        place = {"node": event.node, "path": event.path}
        if event.what == "when":
            if not event.holds:
                self.feed.send("task.skipped", now, **place)
        elif event.what == "round":
            self.feed.send("loop.round", now, **place, round=event.index + 1, ended=event.holds)
        else:
            self.feed.send("task.finished", now, **place, seconds=0.0, meta={})

    def publish(self, command: Publish, now: float) -> None:
        """Append a segment to the playlist and tell the feed; an item that is no segment is only told."""
        value = self.artifacts.get(command.value)
        if not is_segment(value):
            self.feed.send("item.published", now, node=command.node, path=command.path, index=command.index)
            return
        if not self.publisher.append(command.index, value):
            return
        first = self.figures.ttff_s is None
        speech, content = value.get("speech_from"), value.get("content_from")
        self.figures.published(now - self.feed.began, value["start"], value["seconds"], speech, content)
        facts = {"index": command.index, "start": value["start"], "seconds": value["seconds"]}
        facts |= {"speech_from": speech, "content_from": content, "rung": value.get("rung")}
        facts["chapter"] = value.get("chapter")
        self.feed.send("segment.published", now, **facts, shot=ev.path_label(command.path[:-1]))
        if first:
            self.feed.send(
                "run.first_segment", now, ttff_s=self.figures.facts()["ttff_s"], measured_by="playback clock"
            )

    def make_shot(self, command: MakeShot, now: float) -> None:
        """Note on which rung a shot is made, for a run that is resumed, and tell the feed."""
        self.journal.commands([command])
        facts = msgspec.structs.asdict(command)
        del facts["run"]
        self.feed.send(RUNG, now, **facts)

    def playback(self, report: PlayerReport, now: float) -> None:
        """Take a player's report."""
        self.figures.reported(report)
        self.feed.send("playback.moved", now, position_s=round(report.position_s, 2), **report.measured())

    def finish(self, command: FinishRun, now: float, there: There | None = None) -> None:
        """Close the playlist, keep the outputs, write record and report, and tell the feed.

        Args:
            command: says how it ended.
            now: in the clock of the scheduler.
            there: what workers of other machines have, if it is them that worked.
        """
        status, error = command.status, command.error
        if self.abort_reason:
            status, error = "failed", self.abort_reason
        try:
            self.publisher.finish(whole=status == "succeeded")
            self._outputs = keep_outputs(self.folder, self.graph, command.outputs, self.artifacts)
        except OSError as fault:
            status, error = "failed", f"cannot write to {self.folder}: {fault.strerror}"
        except ValueError as fault:
            status, error = "failed", f"a result of the run cannot be read: {fault}"
        self._update_record(status, error, now)
        if status == "succeeded":
            shutil.rmtree(self.artifacts.scratch_root, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.store.save(self.record)
        self.feed.send(FINISHED, now, **self._summary(), input_fault=command.input_fault, drift=self._learnt(there))
        try:
            with contextlib.suppress(OSError):
                write_report(self.folder, self.record, self.graph, self.plan)
        finally:
            self.close()

    def _learnt(self, there: There | None) -> list[str]:
        """Correct the profiles by what the tasks took, if all were done; what has drifted far, in words.

        Which tasks had room in memory is learnt of every run.
        """
        from murakkab.profiling.correct import learn
        from murakkab.profiling.memory import learn_memory

        with contextlib.suppress(OSError, UserError):
            events = read_events(self.folder / "events.jsonl")
            cluster = elsewhere(there) if there else None
            learn_memory(self.graph, self.plan, events, cluster=cluster)
            if self.record.status == "succeeded":
                known = load_catalog(), load_profiles()
                return learn(self.graph, self.plan, *known, events, pace=self.pace, cluster=cluster)
        return []

    def close(self) -> None:
        """Let go of the run's files and lock."""
        self.journal.close()
        self.feed.close()
        self._lock.close()

    def _update_record(self, status: str, error: str, now: float) -> None:
        for name, value in self.figures.facts().items():
            setattr(self.record, name, value)
        self.record.status, self.record.error = status, error
        self.record.cache = dict(self.cache.totals + Counter(self.record.cache))
        self.record.made_in_s = round(now - self.feed.began, 3)
        self.record.quality, self.record.top_share = looks(shots_of(self.feed.events))

    def _summary(self) -> dict[str, Any]:
        record, folder = self.record, self.folder.resolve()
        video, playlist = folder / "episode.mp4", folder / "hls" / "main.m3u8"
        return {
            "status": record.status,
            "ttff_s": record.ttff_s,
            "first_content_s": record.first_content_s,
            "first_speech_s": record.first_speech_s,
            "stall_s": record.stall_s,
            "measured_by": record.measured_by,
            "duration_s": record.duration_s,
            "made_in_s": record.made_in_s,
            "quality": record.quality,
            "top_share": record.top_share,
            "video": str(video) if video.exists() else None,
            "playlist": str(playlist) if playlist.exists() else None,
            "outputs": self._outputs,
            "report": str(folder / "report.html"),
            "missed": missed(self.graph.slo, record, cold=self.cold) if record.status == "succeeded" else [],
            "error": record.error,
        }

    def _tell_turn(self, node: str, path: tuple[int, ...], value: str, now: float) -> None:
        if self.graph.node(node).capability != "text-generation":
            return
        turn = self.artifacts.get(value)
        if isinstance(turn, dict) and {"speaker", "text"} <= set(turn):
            self._take_title(turn.get("episode"), now)
            self.feed.send(
                "turn.written",
                now,
                path=path,
                speaker=turn["speaker"],
                text=turn["text"],
                title=turn.get("title"),
                passage=turn.get("passage"),
            )

    def _take_title(self, title: str | None, now: float) -> None:
        """A run without a topic is called what its script calls the episode."""
        if title and title != self.record.title and not self.record.inputs.get("topic"):
            self.record.title = title
            self.store.save(self.record)
            self.feed.send("run.titled", now, title=title)
