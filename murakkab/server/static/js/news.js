// What became of the plan while the run went on: a line for each change, and for each wait for a worker.

import { clockTime, h, replace } from "./dom.js";

export class News {
  constructor(state) {
    this.state = state;
    this.lines = h("ol", { class: "news" });
    this.element = h("section", { class: "panel", "aria-label": "Changes of the plan", hidden: true },
      h("h2", {}, "Changes of the plan"), this.lines);
  }

  update() {
    const { news } = this.state;
    if (news.length === this.lines.childElementCount) return;
    this.element.hidden = news.length === 0;
    replace(this.lines, news.map(makeLine));
  }
}

function makeLine({ t, waits, reason, changes }) {
  const steps = changes.map(({ node, before, after }) => `${node}: ${before} to ${after}`).join(", ");
  return h("li", {}, h("time", {}, clockTime(t)), h("b", {}, waits ? "Waiting" : "New plan"),
    h("span", { dir: "auto" }, steps ? `${reason} (${steps})` : reason));
}
