// What is said, as it is written: each turn with its source and how far each node is with it.

import { clockTime, h, replace } from "./dom.js";

const STATES = { waiting: "waiting", running: "at work", done: "done", failed: "failed" };

export class Transcript {
  constructor(state, onSeek) {
    this.state = state;
    this.onSeek = onSeek;
    this.rows = new Map(); // turn -> its elements
    this.settled = new Set(); // turns whose rows will not change any more
    this.speakers = [];
    this.current = null;
    this.list = h("ol", { class: "turns" });
    this.empty = h("p", { class: "empty" }, "The first words are being written…");
    this.element = h("section", { class: "panel transcript", "aria-label": "Transcript" },
      h("h2", {}, "Transcript"), this.empty, this.list);
  }

  update() {
    const turns = [...this.state.turns.values()];
    this.empty.hidden = turns.length > 0;
    turns.forEach((turn, i) => {
      if (!this.rows.has(turn)) this.rows.set(turn, this.makeRow(turn, turns[i - 1]));
      const { row } = this.rows.get(turn);
      if (this.list.children[i] !== row) this.list.insertBefore(row, this.list.children[i] ?? null);
      if (!this.settled.has(turn)) this.updateRow(turn, turns[i + 1]);
    });
  }

  makeRow(turn, before) {
    const opensSection = turn.path.length > 1 && turn.path[0] !== before?.path[0];
    const start = h("button", { type: "button", class: "from", hidden: true, onclick: () => this.onSeek(turn.start) });
    const steps = h("span", { class: "steps" });
    const rung = h("span", { class: "rung", hidden: true });
    const row = h("li", { class: `turn speaker-${this.speakerNumber(turn.speaker)}` },
      opensSection && turn.title ? h("h3", { dir: "auto" }, turn.title) : null,
      h("div", { class: "who" }, h("bdi", { class: "speaker" }, turn.speaker ?? ""), steps, rung, start),
      h("p", { dir: "auto" }, turn.text ?? ""), this.makeSource(turn.passage));
    return { row, start, steps, rung };
  }

  makeSource(passage) {
    if (!passage) return null;
    const text = typeof passage === "string" ? passage : passage.text ?? "";
    const page = passage.page ? `, page ${passage.page}` : "";
    return h("details", { class: "source" }, h("summary", {}, `From the source${page}`), h("blockquote", { dir: "auto" }, text));
  }

  speakerNumber(name) {
    if (!this.speakers.includes(name)) this.speakers.push(name);
    return this.speakers.indexOf(name) % 4;
  }

  updateRow(turn, next) {
    const { start, steps, rung } = this.rows.get(turn);
    const made = this.state.rungs.get(turn.path.join("."));
    rung.hidden = !made;
    rung.textContent = made?.rung ?? "";
    rung.title = made ? `Quality ${Math.round(made.quality * 100)} %: ${made.reason}` : "";
    start.hidden = turn.start === null;
    start.textContent = clockTime(turn.start);
    start.title = "Play from here";
    const nodes = this.state.turnNodes(turn.path.length);
    const states = nodes.map((node) => this.state.turnState(node.node, turn));
    const isShown = this.state.finished || (next && next.start !== null);
    if (isShown && states.every((name) => name === "done")) this.settled.add(turn);
    if (steps.dataset.states === states.join()) return;
    steps.dataset.states = states.join();
    steps.title = nodes.map((node, i) => `${node.node}: ${STATES[states[i]]}`).join("\n");
    replace(steps, states.map((name) => h("i", { class: name })));
  }

  /** Mark the turn on air; scrolls only its own list. */
  follow(position) {
    const turn = this.state.turnAt(position);
    if (turn === this.current || !this.rows.has(turn)) return;
    this.rows.get(this.current)?.row.classList.remove("current");
    this.rows.get(turn).row.classList.add("current");
    this.current = turn;
    const { row } = this.rows.get(turn);
    this.list.scrollTo({ top: row.offsetTop - this.list.offsetTop - this.list.clientHeight / 3, behavior: "smooth" });
  }
}
