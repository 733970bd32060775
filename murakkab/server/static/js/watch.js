// The page of one run: plays it and shows how it is made.

import { beacon, follow, get, post } from "./api.js";
import { Controls } from "./controls.js";
import { clockTime, h, ICONS, icon, replace, secondsText } from "./dom.js";
import { Lanes } from "./lanes.js";
import { Measure } from "./measure.js";
import { News } from "./news.js";
import { Outputs } from "./outputs.js";
import { mayBegin } from "./pace.js";
import { Player } from "./player.js";
import { Rungs } from "./rungs.js";
import { RunState } from "./state.js";
import { Transcript } from "./transcript.js";

const REPORT_MS = 1000;
const TICK_MS = 200;
const TICKS_OF_DETAILS = 3; // the machine that shows the page is busy making the episode
const UNTOLD_SEGMENTS = 8; // a run whose first segments do not tell where its content begins does not tell it at all
const LATE_FILES_MS = 2000; // the report is written after the run has finished
const DOWNLOADS = {
  "episode.mp4": "Video", "episode.mp3": "Audio", "captions.vtt": "Captions", "transcript.txt": "Transcript",
  "report.html": "Report", "report.json": "Report data",
};
const STATUS = { running: "being made", succeeded: "finished", failed: "failed", cancelled: "stopped", interrupted: "interrupted" };

const RESUMABLE = new Set(["failed", "cancelled", "interrupted"]);

export class Watch {
  /**
   * `requestedAt`: the moment of the click that asked for the run (ms of `performance.now()`), if it was on this page.
   * `stream`: whether the run shows something while it is made, if that is known.
   */
  constructor(requestedAt = null, stream = true) {
    this.requestedAt = requestedAt;
    this.stream = stream;
    this.clicked = requestedAt !== null;
    this.state = new RunState("");
    this.build();
  }

  build() {
    this.video = h("video", { playsinline: true, preload: "auto", "aria-label": "Episode" });
    this.soundOn = h("button", { type: "button", class: "sound-on", hidden: true, onclick: () => this.player.unmute() }, icon(ICONS.sound), "Sound on");
    this.waiting = h("p", { class: "awaiting", role: "status" }, h("span", { class: "spinner" }), "The first seconds are being made…");
    this.captions = h("div", { class: "captions" });
    this.player = new Player(this.video, {
      onBlocked: (blocked) => { this.soundOn.hidden = !blocked; },
      onCaptions: (lines) => replace(this.captions, lines.map((line) => h("p", { dir: "auto" }, line))),
      onFault: (text) => this.showFault(text),
    });
    this.screen = h("div", { class: "screen" }, this.video, this.captions, this.waiting, this.soundOn);
    this.picture = h("div", { class: "picture" }, this.screen);
    this.controls = new Controls(this.picture, this.player, this.captions);
    this.picture.append(this.controls.element);
    this.buildTexts();
    this.element = h("div", { class: "watch" },
      h("div", { class: "stage" }, this.fault, this.picture, this.heading, this.tiles, this.downloads, this.outputs.element, this.rungs.element, this.news.element, this.lanes.element),
      h("aside", { class: "side" }, this.chapters, this.transcript.element, this.about));
  }

  buildTexts() {
    this.fault = h("p", { class: "fault", role: "alert", hidden: true });
    this.title = h("h1", { dir: "auto" }, "…");
    this.status = h("span", { class: "status" });
    this.stop = h("button", { type: "button", class: "quiet", onclick: () => this.cancel() }, "Stop making it");
    this.resume = h("button", { type: "button", class: "quiet", hidden: true, onclick: () => this.goOn() }, "Go on making it");
    this.heading = h("div", { class: "heading" }, this.title, this.status, this.stop, this.resume);
    this.tiles = h("dl", { class: "tiles" });
    this.downloads = h("nav", { class: "downloads", "aria-label": "Downloads", hidden: true });
    this.chapters = h("nav", { class: "panel chapters", "aria-label": "Chapters", hidden: true });
    this.transcript = new Transcript(this.state, (position) => this.controls.seekTo(position));
    this.lanes = new Lanes(this.state);
    this.rungs = new Rungs(this.state, (position) => this.controls.seekTo(position));
    this.news = new News(this.state);
    this.outputs = new Outputs();
    this.about = h("p", { class: "hint" });
  }

  async start(run) {
    this.state.run = run;
    if (!this.clicked) this.take(await get(`/api/runs/${run}`));
    this.isLive = this.state.status === "running";
    this.showStream();
    this.measure = new Measure(this.video, this.requestedAt);
    this.video.addEventListener("playing", () => { this.waiting.hidden = true; });
    if (this.stream) this.player.load(`/runs/${run}/hls/main.m3u8`);
    this.begin();
    this.unfollow = follow(run, (event) => this.onEvent(event));
    this.reporter = this.isLive && this.stream ? setInterval(() => this.sendReport(), REPORT_MS) : null;
    this.ticks = 0;
    this.ticker = setInterval(() => this.tick(), TICK_MS);
    this.onLeave = () => this.sendReport();
    addEventListener("pagehide", this.onLeave);
    this.video.addEventListener("ended", this.onLeave);
  }

  /** What the server knows of the run before its events come. */
  take(record) {
    this.state.status = record.status;
    this.stream = record.stream;
  }

  showStream() {
    this.picture.hidden = !this.stream;
    this.transcript.element.hidden = !this.stream;
    this.element.classList.toggle("plain", !this.stream);
  }

  /** Play once what follows will be there in time. */
  begin() {
    if (this.begun || !this.stream || !mayBegin(this.state, this.elapsed())) return;
    this.begun = true;
    this.player.play();
  }

  /** What this run shows piece by piece is no video. */
  playNothing() {
    this.stream = false;
    clearInterval(this.reporter);
    this.reporter = null;
    this.player.close();
    this.showStream();
  }

  close() {
    this.sendReport();
    removeEventListener("pagehide", this.onLeave);
    clearInterval(this.reporter);
    clearInterval(this.ticker);
    this.unfollow?.();
    this.controls.close();
    this.player.close();
  }

  onEvent(event) {
    this.state.apply(event);
    this.changed = true;
    if (this.isLive && !this.clicked) this.noteRequest(performance.now() - event.t * 1000);
    if (event.event === "segment.published") this.noteFirsts(event);
    this.begin();
    if (event.event === "item.published" && this.stream) this.playNothing();
    if (event.event === "run.resumed") this.fault.hidden = true;
    if (event.event === "run.finished") this.onFinished(event);
  }

  /** Without a click on this page, the request was `t` before an event; the least late event says it best. */
  noteRequest(moment) {
    this.requestedAt = Math.min(this.requestedAt ?? Infinity, moment);
    this.measure.requestedAt = this.requestedAt;
  }

  /** Where the content and the speech of the episode begin: told by a segment, else the first caption. */
  noteFirsts(segment) {
    this.measure.contentAt ??= segment.content_from ?? null;
    this.measure.speechAt ??= segment.speech_from ?? null;
  }

  onFinished(event) {
    if (event.error) this.showFault(event.error);
    if (!this.state.segments.length) replace(this.waiting, "This run made no video.");
    this.showDownloads();
    setTimeout(() => this.showDownloads(), LATE_FILES_MS);
  }

  async showDownloads() {
    const { files, outputs } = await get(`/api/runs/${this.state.run}`);
    this.outputs.show(outputs);
    const links = files.filter((name) => DOWNLOADS[name]).map((name) => {
      const shown = name.endsWith(".html") ? "" : "?download";
      return h("a", { href: `/runs/${this.state.run}/${name}${shown}`, target: shown ? null : "_blank" }, DOWNLOADS[name]);
    });
    this.downloads.hidden = links.length === 0;
    replace(this.downloads, links);
  }

  tick() {
    const { measure, state } = this;
    this.begin();
    const caption = this.player.firstCaption();
    measure.speechAt ??= caption;
    if (state.segments.length >= UNTOLD_SEGMENTS) measure.contentAt ??= caption;
    this.showTiles();
    this.transcript.follow(this.video.currentTime);
    this.ticks += 1;
    if (this.ticks % TICKS_OF_DETAILS || !(this.changed || state.status === "running")) return;
    this.changed = false;
    this.showDetails();
  }

  showDetails() {
    const { state } = this;
    this.showHeading();
    this.showChapters();
    this.transcript.update();
    this.rungs.update();
    this.news.update();
    this.lanes.update(this.elapsed());
    this.controls.showChapters(state.chapters);
  }

  /** Seconds since the request, as far as the lanes go. */
  elapsed() {
    if (this.state.finished || this.requestedAt === null) return this.state.t;
    return Math.max(this.state.t, (performance.now() - this.requestedAt) / 1000);
  }

  showHeading() {
    const { state } = this;
    this.title.textContent = state.title || state.run;
    document.title = `${state.title || state.run} – Murakkab`;
    this.status.textContent = STATUS[state.status] ?? state.status;
    this.status.className = `status ${state.status}`;
    this.stop.hidden = state.status !== "running";
    this.resume.hidden = !RESUMABLE.has(state.status);
    this.controls.growing = state.status === "running";
    this.controls.update();
    if (!this.stream) {
      this.about.textContent = "Made by a machine: check what matters.";
      this.transcript.element.hidden = state.turns.size === 0;
      return;
    }
    const script = state.inputs.script ? "The script is yours" : "The script is written by a machine and can be wrong";
    this.about.textContent = `${script}. The hosts are drawn, the voices are synthetic.`;
  }

  showTiles() {
    const { measure, state } = this;
    const past = state.measured ?? {};
    const speed = state.madeSeconds / (state.finished?.made_in_s ?? this.elapsed());
    const tiles = this.stream ? [
      ["First frame", secondsText(measure.ttff ?? past.ttff_s)],
      ["First content", secondsText(measure.firstContent ?? past.first_content_s)],
      ["First spoken word", secondsText(measure.firstSpeech ?? past.first_speech_s) + (measure.speechWasMuted ? " (muted)" : "")],
      ["Waited for data", secondsText(measure.stallSeconds, 1)],
      state.finished ? ["Made in", secondsText(state.finished.made_in_s, 1)]
        : ["Made ahead", secondsText(Math.max(0, state.madeSeconds - this.video.currentTime), 0)],
      ["Speed of making", Number.isFinite(speed) && speed > 0 ? `${speed.toFixed(1)} ×` : "–"],
    ] : this.plainTiles();
    const shown = tiles.flat().join();
    if (shown === this.shownTiles) return;
    this.shownTiles = shown;
    replace(this.tiles, tiles.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
  }

  /** The figures of a run that plays nothing. */
  plainTiles() {
    const { done, running, cached } = this.state.counts();
    const time = this.state.finished ? ["Made in", secondsText(this.state.finished.made_in_s, 1)]
      : ["So far", secondsText(this.elapsed(), 0)];
    const kept = cached ? [["From the cache", String(cached)]] : [];
    const work = this.state.finished ? [] : [["At work", String(running)]];
    return [time, ["Tasks done", String(done)], ...work, ...kept];
  }

  showChapters() {
    const { chapters } = this.state;
    this.chapters.hidden = chapters.length < 2;
    if (this.chapters.dataset.count === String(chapters.length)) return;
    this.chapters.dataset.count = chapters.length;
    const items = chapters.map((chapter) => h("li", {}, h("button", { type: "button", onclick: () => this.controls.seekTo(chapter.start) },
      h("time", {}, clockTime(chapter.start)), h("bdi", {}, chapter.title))));
    replace(this.chapters, h("h2", {}, "Chapters"), h("ol", {}, items));
  }

  sendReport() {
    // Only the player that watched from the request on has measured anything.
    if (this.reporter && this.measure) beacon(`/api/runs/${this.state.run}/playback`, this.measure.report());
  }

  async cancel() {
    await post(`/api/runs/${this.state.run}/cancel`).catch((fault) => this.showFault(fault.message));
  }

  async goOn() {
    try {
      await post(`/api/runs/${this.state.run}/resume`);
      location.reload();
    } catch (fault) {
      this.showFault(fault.message);
    }
  }

  showFault(text) {
    this.fault.hidden = false;
    this.fault.textContent = text;
  }
}
