// The bar under the picture. Everything in it can be reached and used from the keyboard.

import { clockTime, h, icon, replace } from "./dom.js";

const ICONS = {
  play: "M8 5v14l11-7z",
  pause: "M7 5h4v14H7zm6 0h4v14h-4z",
  sound: "M4 9v6h4l5 5V4L8 9zm12.5 3a4.5 4.5 0 0 0-2.5-4v8a4.5 4.5 0 0 0 2.5-4zM14 3.2v2.1a7 7 0 0 1 0 13.4v2.1a9 9 0 0 0 0-17.6z",
  muted: "M4 9v6h4l5 5V4L8 9zm17 .7L19.6 8.3 17.5 10.4 15.4 8.3 14 9.7l2.1 2.1L14 13.9l1.4 1.4 2.1-2.1 2.1 2.1 1.4-1.4-2.1-2.1z",
  captions: "M4 5h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zm2 5v4a1 1 0 0 0 1 1h3a1 1 0 0 0 1-1v-1H9.5v.5h-2v-3h2v.5H11v-1a1 1 0 0 0-1-1H7a1 1 0 0 0-1 1zm7 0v4a1 1 0 0 0 1 1h3a1 1 0 0 0 1-1v-1h-1.500v.5h-2v-3h2v.5H18v-1a1 1 0 0 0-1-1h-3a1 1 0 0 0-1 1z",
  full: "M5 5h5v2H7v3H5zm9 0h5v5h-2V7h-3zM5 14h2v3h3v2H5zm12 0h2v5h-5v-2h3z",
};
const STEP = 5; // seconds of one press of an arrow key
const SPEEDS = [1, 1.25, 1.5, 2, 0.75];

export class Controls {
  constructor(frame, player) {
    this.frame = frame;
    this.player = player;
    this.video = player.video;
    this.captionsOn = true;
    this.growing = true; // whether the episode is still being made
    this.build();
    this.listen();
    this.update();
  }

  build() {
    this.playButton = this.button("Play (space)", ICONS.play, () => this.toggle());
    this.soundButton = this.button("Mute (m)", ICONS.sound, () => this.mute());
    this.captionsButton = this.button("Captions (c)", ICONS.captions, () => this.captions());
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
      " ": () => this.toggle(), k: () => this.toggle(), m: () => this.mute(), c: () => this.captions(), f: () => this.fullScreen(),
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

  captions() {
    this.captionsOn = !this.captionsOn;
    this.player.showCaptions(this.captionsOn);
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
    this.captionsButton.setAttribute("aria-pressed", this.captionsOn);
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
