// Fields of the form, one for each typed input of a workflow.

import { h, label, sizeText } from "./dom.js";

export const MAIN_INPUTS = ["topic", "prompt", "question", "problem", "task", "text"];
const LONG_TEXT = 80;
const PROMPT = "Drop a file or click";

/** A labelled field; `size` "big" for the one that a run is about. */
export function field(name, input, size = "") {
  if (input.type === "boolean") return toggle(name, input);
  const about = [input.description, rangeText(input)].filter(Boolean).join(" · ");
  const optional = !input.required && input.type === "text" && !input.default && !size;
  return h("label", { class: `field ${size}` },
    h("span", {}, label(name), input.required ? h("em", {}, "needed") : null, optional ? h("em", { class: "may" }, "optional") : null),
    h("span", { class: "with-unit" }, control(name, input, size), input.unit ? h("i", {}, input.unit) : null),
    about && h("small", { dir: "auto" }, about));
}

function toggle(name, input) {
  return h("label", { class: "field toggle" }, h("input", { type: "checkbox", name, checked: Boolean(input.default) }),
    h("span", {}, label(name)), h("small", { dir: "auto" }, input.description ?? ""));
}

function control(name, input, size) {
  const initial = input.default ?? "";
  const { required } = input;
  if (input.choices?.length) {
    const none = !required && input.default === null ? h("option", { value: "" }, "–") : null;
    return h("select", { name, required }, none, input.choices.map((c) => h("option", { value: c, selected: c === initial }, label(c))));
  }
  if (["number", "integer"].includes(input.type)) {
    const { minimum: min, maximum: max } = input;
    return h("input", { type: "number", name, value: initial, min, max, required, step: input.type === "integer" ? 1 : "any" });
  }
  const isLong = String(initial).length > LONG_TEXT || String(initial).includes("\n");
  if (isLong) return h("textarea", { name, dir: "auto", rows: 5, required }, initial);
  const placeholder = size && name === "topic" && "A question, a subject, anything";
  return h("input", { type: "text", name, dir: "auto", value: initial, placeholder, required, autocomplete: "off", maxlength: 20000 });
}

function rangeText({ minimum, maximum, type }) {
  if (!["number", "integer"].includes(type)) return "";
  const has = (value) => value !== null && value !== undefined;
  if (has(minimum) && has(maximum)) return `${minimum} to ${maximum}`;
  return has(minimum) ? `at least ${minimum}` : has(maximum) ? `at most ${maximum}` : "";
}

/** A place to drop a file of at most `limit` bytes. */
export function drop(name, input, limit) {
  const chosen = h("span", { class: "chosen" }, PROMPT);
  const upload = h("input", { type: "file", name, "aria-label": label(name), required: input.required });
  upload.addEventListener("change", () => {
    const file = upload.files[0];
    chosen.textContent = file ? `${file.name} (${sizeText(file.size)})` : PROMPT;
    upload.setCustomValidity(file && file.size > limit ? `Larger than ${sizeText(limit)}` : "");
    upload.reportValidity();
  });
  return h("label", { class: "drop" }, h("b", {}, label(name), input.required ? h("em", {}, "needed") : null),
    h("small", { dir: "auto" }, input.description ?? ""), chosen, upload);
}

export function seedField() {
  return h("label", { class: "field" }, h("span", {}, "Seed"), h("input", { type: "number", name: "run-seed", min: 0, step: 1 }),
    h("small", {}, "Equal seeds give equal results"));
}

export function valueOf(control, input) {
  if (input.type === "boolean") return control.checked;
  return ["number", "integer"].includes(input.type) ? Number(control.value) : control.value;
}
