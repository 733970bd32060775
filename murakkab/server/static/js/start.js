// The start page: a choice of workflows, a form made from the typed inputs of one, and the earlier runs.

import { get, post } from "./api.js";
import { h, replace, titleOf } from "./dom.js";
import { drop, field, MAIN_INPUTS, seedField, valueOf } from "./fields.js";

const FIRST = "podcast";
const OPEN_FIELDS = 6; // so many fields stand open; more go behind "Options"
const WORDS = {
  podcast: {
    title: "What should they talk about?",
    lead: "Two hosts, on video. It starts to play about a second after you ask, and is made while you watch.",
    button: "Make the episode",
    examples: ["Why do cats purr?", "The history of paper", "How does a heat pump work?", "كيف تطير الطائرات؟"],
  },
};

export class Start {
  /** `onSubmit(requestedAt, submitting, workflow)`: called at the click; `submitting` resolves to `{run, url}`. */
  constructor(onSubmit) {
    this.onSubmit = onSubmit;
    this.fault = h("p", { class: "fault", role: "alert", hidden: true });
    this.picker = h("fieldset", { class: "picker", hidden: true });
    this.title = h("h1", {}, "…");
    this.lead = h("p", { class: "lead", dir: "auto" });
    this.form = h("form", { class: "panel start-form", onsubmit: (event) => this.submit(event) });
    this.runs = h("ul", { class: "runs" });
    this.broken = h("section", { class: "broken", hidden: true, "aria-label": "Workflows with problems" });
    this.element = h("div", { class: "start" }, this.title, this.lead, this.picker, this.fault, this.form,
      h("section", { "aria-label": "Earlier runs" }, h("h2", {}, "Earlier runs"), this.runs), this.broken);
  }

  async start() {
    const [shelf, { runs }] = await Promise.all([get("/api/workflows"), get("/api/runs")]);
    this.limit = shelf.upload_limit;
    this.workflows = shelf.workflows.sort((a, b) => (b.name === FIRST) - (a.name === FIRST));
    this.showPicker();
    const asked = this.workflows.find((w) => `#${w.name}` === decodeURIComponent(location.hash));
    if (this.workflows.length) this.choose(asked ?? this.workflows[0], { focus: true });
    replace(this.runs, runs.length ? runs.map(runCard) : h("li", { class: "empty" }, "None yet."));
    this.showBroken(Object.entries(shelf.broken ?? {}));
  }

  close() {}

  showPicker() {
    this.picker.hidden = this.workflows.length < 2;
    replace(this.picker, h("legend", {}, "Workflow"), this.workflows.map((workflow) => this.card(workflow)));
  }

  card(workflow) {
    const radio = h("input", { type: "radio", name: "workflow", value: workflow.name, onchange: () => this.choose(workflow) });
    return h("label", { class: "card" }, radio, h("b", {}, titleOf(workflow.name)),
      h("small", { dir: "auto" }, workflow.description ?? ""), workflow.stream ? h("i", { class: "live" }, "plays while it is made") : null);
  }

  choose(workflow, { focus = false } = {}) {
    this.workflow = workflow;
    this.fault.hidden = true;
    for (const radio of this.picker.querySelectorAll("input")) radio.checked = radio.value === workflow.name;
    if (this.workflows.length > 1) history.replaceState({}, "", workflow.name === FIRST ? "/" : `#${encodeURIComponent(workflow.name)}`);
    const words = WORDS[workflow.name] ?? {};
    this.title.textContent = words.title ?? titleOf(workflow.name);
    this.lead.textContent = words.lead ?? workflow.description ?? "";
    this.showForm(words);
    if (focus) this.form.querySelector("input, textarea, select")?.focus();
  }

  showForm(words) {
    const inputs = Object.entries(this.workflow.inputs);
    const main = mainInput(inputs);
    const files = inputs.filter(([, input]) => input.type === "document");
    const others = inputs.filter(([name, input]) => name !== main && input.type !== "document");
    const isOpen = ([, input]) => input.required || others.length <= OPEN_FIELDS;
    const fields = (entries) => entries.map(([name, input]) => field(name, input));
    const hidden = [...fields(others.filter((entry) => !isOpen(entry))), seedField()];
    replace(this.form,
      main && field(main, this.workflow.inputs[main], words.title ? "big bare" : "big"), examples(words.examples, () => this.form.elements[main]),
      files.length && h("div", { class: "drops" }, files.map(([name, input]) => drop(name, input, this.limit))),
      others.some(isOpen) && h("div", { class: "grid" }, fields(others.filter(isOpen))),
      h("details", { class: "options" }, h("summary", {}, "Options"), h("div", { class: "grid" }, hidden)),
      h("button", { class: "primary" }, words.button ?? `Run ${titleOf(this.workflow.name)}`));
  }

  showBroken(files) {
    this.broken.hidden = files.length === 0;
    const items = files.map(([name, why]) => h("details", {}, h("summary", {}, name), h("pre", {}, why)));
    replace(this.broken, h("h2", {}, "Workflows with problems"), items);
  }

  async submit(event) {
    const requestedAt = performance.now();
    event.preventDefault();
    this.fault.hidden = true;
    try {
      await this.onSubmit(requestedAt, post("/api/runs", this.body()), this.workflow);
    } catch (fault) {
      this.fault.hidden = false;
      this.fault.textContent = fault.fix ? `${fault.message} – ${fault.fix}` : fault.message;
      this.fault.scrollIntoView({ block: "nearest" });
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

/** The text that a run is about: the input of that name, else the first text that must be given, else the first text. */
function mainInput(inputs) {
  const texts = inputs.filter(([, input]) => input.type === "text");
  const best = texts.find(([name]) => MAIN_INPUTS.includes(name)) ?? texts.find(([, input]) => input.required) ?? texts[0];
  return best?.[0];
}

function examples(texts, control) {
  if (!texts) return null;
  const use = (text) => { control().value = text; };
  return h("p", { class: "examples" }, texts.map((text) => h("button", { type: "button", dir: "auto", onclick: () => use(text) }, text)));
}

function runCard(run) {
  const length = run.duration_s ? `${Math.round(run.duration_s)} s` : "";
  const facts = [run.workflow, new Date(run.created).toLocaleString(), length].filter(Boolean).join(" · ");
  return h("li", {}, h("a", { href: `/runs/${run.run}` }, h("b", { dir: "auto" }, run.title || run.run),
    h("small", {}, facts), h("span", { class: `status ${run.status}` }, run.status)));
}
