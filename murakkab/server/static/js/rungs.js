// How good every shot was made, one piece of a strip for each, and why that changed.

import { clockTime, h, replace } from "./dom.js";

const percent = (share) => `${Math.round(share * 100)} %`;

export class Rungs {
  constructor(state, onSeek) {
    this.state = state;
    this.onSeek = onSeek;
    this.strip = h("div", { class: "rungs" });
    this.notes = h("ol", { class: "rung-notes" });
    this.summary = h("p", { class: "hint" });
    this.element = h("section", { class: "panel", "aria-label": "How good it looks", hidden: true },
      h("h2", {}, "How good it looks"), this.summary, this.strip, this.notes);
  }

  update() {
    const shots = this.state.shots();
    const told = shots.map((shot) => `${shot.rung} ${shot.seconds}`).join();
    if (told === this.told) return;
    this.told = told;
    this.element.hidden = shots.length === 0;
    const { quality, top } = this.state.looks();
    this.summary.textContent = `${percent(quality)} of the best quality on average, ${percent(top)} of the show made at its best.`;
    replace(this.strip, shots.map((shot) => this.makePiece(shot)));
    replace(this.notes, changes(shots).map((shot) => this.makeNote(shot)));
  }

  makePiece(shot) {
    const piece = h("button", { type: "button", onclick: () => this.onSeek(shot.start ?? 0),
      "aria-label": `Shot at ${clockTime(shot.start)}: ${shot.rung}, ${percent(shot.quality)}`,
      title: `${clockTime(shot.start)}  ${shot.rung}, ${percent(shot.quality)}\n${shot.reason}` });
    piece.style.flexGrow = Math.max(shot.seconds, 0.5);
    piece.style.setProperty("--level", shot.quality);
    return piece;
  }

  makeNote(shot) {
    return h("li", {}, h("time", {}, clockTime(shot.start)), h("b", {}, shot.rung), h("span", { dir: "auto" }, shot.reason));
  }
}

/** The shots on another rung than the one before them. */
function changes(shots) {
  return shots.filter((shot, i) => i === 0 || shot.rung !== shots[i - 1].rung);
}
