// The start page: a form made from the workflow's typed inputs, and the earlier runs.

import { get, post } from "./api.js";
import { h, label, replace } from "./dom.js";

const MAIN_INPUTS = ["topic"];
const EXAMPLES = ["Why do cats purr?", "The history of paper", "How does a heat pump work?", "كيف تطير الطائرات؟"];

export class Start {
  /** `onSubmit(requestedAt, submitting)`: called at the click; `submitting` resolves to `{run, url}`. */
  constructor(onSubmit) {
    this.onSubmit = onSubmit;
    this.fault = h("p", { class: "fault", role: "alert", hidden: true });
    this.form = h("form", { class: "panel start-form", onsubmit: (event) => this.submit(event) });
    this.runs = h("ul", { class: "runs" });
    this.element = h("div", { class: "start" },
      h("h1", {}, "What should they talk about?"),
      h("p", { class: "lead" }, "Two hosts, on video. It starts to play about a second after you ask, and is made while you watch."),
      this.fault, this.form, h("section", { "aria-label": "Earlier episodes" }, h("h2", {}, "Earlier episodes"), this.runs));
  }

  async start() {
    const [{ workflows, upload_limit: limit }, { runs }] = await Promise.all([get("/api/workflows"), get("/api/runs")]);
    this.limit = limit;
    this.workflows = workflows;
    this.choose(workflows.find((w) => w.name === "podcast") ?? workflows[0]);
    replace(this.runs, runs.length ? runs.map(runCard) : h("li", { class: "empty" }, "None yet."));
  }

  close() {}

  choose(workflow) {
    this.workflow = workflow;
    const inputs = Object.entries(workflow.inputs);
    const isFile = ([, input]) => input.type === "document";
    const main = inputs.filter(([name]) => MAIN_INPUTS.includes(name));
    const files = inputs.filter(isFile);
    const others = inputs.filter((entry) => !MAIN_INPUTS.includes(entry[0]) && !isFile(entry));
    replace(this.form, this.workflowChoice(),
      main.map(([name, input]) => field(name, input, "big")), this.examples(main),
      h("div", { class: "drops" }, files.map(([name, input]) => this.drop(name, input))),
      h("details", { class: "options" }, h("summary", {}, "Options"), h("div", { class: "grid" },
        others.map(([name, input]) => field(name, input)), seedField())),
      h("button", { class: "primary" }, workflow.name === "podcast" ? "Make the episode" : `Run ${workflow.name}`));
    this.form.querySelector("input, textarea")?.focus();
  }

  workflowChoice() {
    if (this.workflows.length < 2) return null;
    const options = this.workflows.map((w) => h("option", { value: w.name, selected: w === this.workflow }, label(w.name)));
    const onchange = (event) => this.choose(this.workflows.find((w) => w.name === event.target.value));
    return h("label", { class: "field" }, h("span", {}, "Workflow"), h("select", { onchange }, options));
  }

  examples(main) {
    if (!main.length) return null;
    const use = (text) => { this.form.elements[main[0][0]].value = text; };
    return h("p", { class: "examples" }, EXAMPLES.map((text) => h("button", { type: "button", dir: "auto", onclick: () => use(text) }, text)));
  }

  drop(name, input) {
    const chosen = h("span", { class: "chosen" }, "Drop a file or click");
    const control = h("input", { type: "file", name, "aria-label": label(name) });
    control.addEventListener("change", () => {
      const file = control.files[0];
      chosen.textContent = file ? file.name : "Drop a file or click";
      control.setCustomValidity(file && file.size > this.limit ? `Larger than ${Math.floor(this.limit / 2 ** 20)} MB` : "");
      control.reportValidity();
    });
    return h("label", { class: "drop" }, h("b", {}, label(name)), h("small", {}, input.description ?? ""), chosen, control);
  }

  async submit(event) {
    const requestedAt = performance.now();
    event.preventDefault();
    this.fault.hidden = true;
    try {
      await this.onSubmit(requestedAt, post("/api/runs", this.body()));
    } catch (fault) {
      this.fault.hidden = false;
      this.fault.textContent = fault.fix ? `${fault.message} – ${fault.fix}` : fault.message;
    }
  }

  body() {
    const inputs = {};
    const form = new FormData();
    for (const [name, input] of Object.entries(this.workflow.inputs)) {
      const control = this.form.elements[name];
      if (control.type === "file") control.files[0] && form.set(name, control.files[0]);
      else if (control.value !== "") inputs[name] = valueOf(control, input);
    }
    const seed = this.form.elements["run-seed"].value;
    const request = { workflow: this.workflow.name, inputs, ...(seed && { seed: Number(seed) }) };
    if ([...form.keys()].length === 0) return request;
    for (const [name, value] of Object.entries(request)) form.set(name, name === "inputs" ? JSON.stringify(value) : value);
    return form;
  }
}

function valueOf(control, input) {
  if (input.type === "boolean") return control.checked;
  return ["number", "integer"].includes(input.type) ? Number(control.value) : control.value;
}

function field(name, input, size = "") {
  const about = [input.description, input.unit && `in ${input.unit}`].filter(Boolean).join(", ");
  return h("label", { class: `field ${size}` }, h("span", {}, label(name)), control(name, input, size), h("small", {}, about));
}

function control(name, input, size) {
  const initial = input.default ?? "";
  if (input.choices?.length) return h("select", { name }, input.choices.map((c) => h("option", { selected: c === initial }, c)));
  if (input.type === "boolean") return h("input", { type: "checkbox", name, checked: Boolean(initial) });
  if (["number", "integer"].includes(input.type)) {
    const { minimum: min, maximum: max } = input;
    return h("input", { type: "number", name, value: initial, min, max, step: input.type === "integer" ? 1 : "any" });
  }
  const placeholder = size && "A question, a subject, anything";
  return h("input", { type: "text", name, dir: "auto", value: initial, placeholder, autocomplete: "off", maxlength: 2000 });
}

function seedField() {
  return h("label", { class: "field" }, h("span", {}, "Seed"), h("input", { type: "number", name: "run-seed", min: 0, step: 1 }),
    h("small", {}, "Equal seeds give equal episodes"));
}

function runCard(run) {
  const length = run.duration_s ? `${Math.round(run.duration_s)} s` : "";
  const facts = [run.workflow, new Date(run.created).toLocaleString(), length].filter(Boolean).join(" · ");
  return h("li", {}, h("a", { href: `/runs/${run.run}` }, h("b", { dir: "auto" }, run.title || run.run),
    h("small", {}, facts), h("span", { class: `status ${run.status}` }, run.status)));
}
