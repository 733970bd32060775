// The plan and how it goes: one row a node, with the model chosen for it and a lane of its tasks over time.

import { h, label } from "./dom.js";

const COLOURS = { running: "#ffb454", done: "#7ee0c6", failed: "#ff6b7a" };
const MINIMUM_S = 10; // time that a lane covers at least

export class Lanes {
  constructor(state) {
    this.state = state;
    this.rows = new Map(); // node name -> elements
    this.list = h("ul", { class: "lanes" });
    this.promise = h("p", { class: "hint" });
    this.element = h("section", { class: "panel", "aria-label": "How it is made" },
      h("h2", {}, "How it is made"), this.promise, this.list);
  }

  update(elapsed) {
    for (const node of this.state.nodes) {
      if (this.rows.get(node.node)?.node !== node) this.addRow(node);
      this.updateRow(node, elapsed);
    }
    this.promise.textContent = this.promiseText();
  }

  promiseText() {
    const { ttff_s: ttff, realtime } = this.state.promises;
    const parts = [ttff && `first frame within ${ttff} s`, realtime && "never slower than it plays"].filter(Boolean);
    return parts.length ? `Promised: ${parts.join(", ")}.` : "";
  }

  /** Add the row of a node, or put it in place of the one that told of another plan. */
  addRow(node) {
    const canvas = h("canvas", { class: "lane", height: 18, "aria-hidden": "true" });
    const count = h("span", { class: "count" });
    const row = h("li", {}, h("details", {},
      h("summary", {},
        h("span", { class: "node" }, h("b", {}, node.node), h("span", { class: "model" }, node.model ?? ""),
          node.drawn ? h("span", { class: "tag" }, "drawn") : null),
        canvas, count),
      this.makeDetails(node)));
    const before = this.rows.get(node.node)?.row;
    if (before) before.replaceWith(row);
    else this.list.append(row);
    this.rows.set(node.node, { node, row, canvas, count });
  }

  makeDetails(node) {
    const knobs = Object.entries(node.knobs ?? {}).map(([name, value]) => `${label(name)} ${value}`).join(", ");
    const others = (node.alternatives ?? []).map((a) => (typeof a === "string" ? a : JSON.stringify(a)));
    const facts = [
      ["Does", node.capability], ["With", node.description], ["Why", node.reason], ["Settings", knobs],
      ["Threads", node.threads], ["Runs", node.for_each ? `for each item of ${node.for_each}` : "once"],
      ["Instead of", others.join("; ")],
    ];
    const shown = facts.filter(([, value]) => value !== undefined && value !== null && value !== "");
    return h("dl", {}, shown.flatMap(([name, value]) => [h("dt", {}, name), h("dd", { dir: "auto" }, String(value))]));
  }

  updateRow(node, elapsed) {
    const tasks = [...this.state.tasksOf(node.node).values()];
    const { canvas, count } = this.rows.get(node.node);
    const done = tasks.filter((task) => task.state === "done").length;
    const running = tasks.some((task) => task.state === "running");
    count.textContent = tasks.length ? `${done}${running ? "…" : " ✓"}` : "waiting";
    count.title = `${done} of ${tasks.length} tasks done so far`;
    draw(canvas, tasks, elapsed);
  }
}

function draw(canvas, tasks, elapsed) {
  const width = Math.round(canvas.clientWidth * devicePixelRatio);
  if (!width) return;
  if (canvas.width !== width) canvas.width = width;
  const context = canvas.getContext("2d");
  const scale = width / Math.max(elapsed, MINIMUM_S);
  context.clearRect(0, 0, width, canvas.height);
  for (const task of tasks) {
    if (task.start === null) continue;
    const end = task.end ?? elapsed;
    context.fillStyle = COLOURS[task.state] ?? COLOURS.running;
    context.beginPath();
    context.roundRect(task.start * scale, 4, Math.max(2, (end - task.start) * scale - 1), canvas.height - 8, 3);
    context.fill();
  }
}
