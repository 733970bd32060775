// The bar under the picture. Everything in it can be reached and used from the keyboard.

import { clockTime, h, ICONS, icon, replace } from "./dom.js";

const STEP = 5; // seconds of one press of an arrow key
const SPEEDS = [1, 1.25, 1.5, 2, 0.75];

export class Controls {
  /** `captions` is the element that shows what is said. */
  constructor(frame, player, captions) {
    this.frame = frame;
    this.player = player;
    this.captions = captions;
    this.video = player.video;
    this.growing = true; // whether the episode is still being made
    this.build();
    this.listen();
    this.update();
  }

  build() {
    this.playButton = this.button("Play (space)", ICONS.play, () => this.toggle());
    this.soundButton = this.button("Mute (m)", ICONS.sound, () => this.mute());
    this.captionsButton = this.button("Captions (c)", ICONS.captions, () => this.toggleCaptions());
    this.fullButton = this.button("Full screen (f)", ICONS.full, () => this.fullScreen());
    this.speedButton = h("button", { type: "button", class: "control speed", title: "Speed", onclick: () => this.speed() }, "1×");
    this.range = h("input", { type: "range", class: "range", min: 0, max: 1, step: 0.1, value: 0, "aria-label": "Position" });
    this.ticks = h("div", { class: "ticks" });
    this.time = h("span", { class: "time" }, "0:00");
    this.element = h("div", { class: "controls" },
      this.playButton, h("div", { class: "scrub" }, this.range, this.ticks), this.time,
      this.soundButton, this.captionsButton, this.speedButton, this.fullButton);
  }

  button(name, path, onclick) {
    return h("button", { type: "button", class: "control", title: name, "aria-label": name, onclick }, icon(path));
  }

  listen() {
    for (const name of ["play", "pause", "timeupdate", "progress", "volumechange", "durationchange", "ended", "ratechange"]) {
      this.video.addEventListener(name, () => this.update());
    }
    this.video.addEventListener("click", () => this.toggle());
    this.range.addEventListener("input", () => { this.video.currentTime = Number(this.range.value); });
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, button, a, summary")) return;
    const actions = {
      " ": () => this.toggle(), k: () => this.toggle(), m: () => this.mute(), c: () => this.toggleCaptions(), f: () => this.fullScreen(),
      ArrowLeft: () => this.seek(-STEP), ArrowRight: () => this.seek(STEP),
    };
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  }

  toggle() {
    if (this.video.paused) this.video.play();
    else this.video.pause();
  }

  seek(by) {
    this.seekTo(this.video.currentTime + by);
  }

  seekTo(position) {
    this.video.currentTime = Math.min(Math.max(0, position), Math.max(0, this.total() - 0.1));
  }

  mute() {
    if (this.video.muted) this.player.unmute();
    else this.video.muted = true;
  }

  toggleCaptions() {
    this.captions.hidden = !this.captions.hidden;
    this.update();
  }

  speed() {
    this.video.playbackRate = SPEEDS[(SPEEDS.indexOf(this.video.playbackRate) + 1) % SPEEDS.length];
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.frame.requestFullscreen();
  }

  total() {
    return Number.isFinite(this.video.duration) ? this.video.duration : 0;
  }

  update() {
    const { video } = this;
    const total = this.total();
    const share = (value) => `${total ? (100 * value) / total : 0}%`;
    this.range.max = total || 1;
    this.range.value = video.currentTime;
    this.range.setAttribute("aria-valuetext", `${clockTime(video.currentTime)} of ${clockTime(total)}`);
    this.range.style.setProperty("--played", share(video.currentTime));
    this.range.style.setProperty("--loaded", share(video.currentTime + this.player.ahead()));
    this.time.textContent = `${clockTime(video.currentTime)} / ${clockTime(total)}${this.growing ? "…" : ""}`;
    this.captionsButton.setAttribute("aria-pressed", !this.captions.hidden);
    this.speedButton.textContent = `${video.playbackRate}×`;
    replace(this.playButton, icon(video.paused ? ICONS.play : ICONS.pause));
    replace(this.soundButton, icon(video.muted ? ICONS.muted : ICONS.sound));
  }

  showChapters(chapters) {
    const total = this.total();
    replace(this.ticks, chapters.filter((c) => c.start > 0 && c.start < total).map((chapter) => {
      const tick = h("i", { title: chapter.title });
      tick.style.left = `${(100 * chapter.start) / total}%`;
      return tick;
    }));
  }
}
