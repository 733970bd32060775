// What a run has left: texts as texts, pictures, sound and video shown, other files to save, everything else as lists.

import { h, label, replace, sizeText } from "./dom.js";

const SHOWN_ITEMS = 40; // of a list; more are one click away
const SHOWN_NUMBERS = 100;
const HEADLINES = ["text", "answer", "title", "name", "question"];
const DEEP = 4; // levels of lists and groups that are drawn; deeper ones are shown as JSON

export class Outputs {
  constructor() {
    this.list = h("dl", { class: "outputs" });
    this.element = h("section", { class: "panel", "aria-label": "Results", hidden: true }, h("h2", {}, "Results"), this.list);
  }

  show(outputs) {
    const entries = Object.entries(outputs ?? {});
    this.element.hidden = entries.length === 0;
    replace(this.list, entries.flatMap(([name, value]) => [h("dt", {}, label(name)), h("dd", {}, shown(value))]));
  }
}

function shown(value, depth = 0) {
  if (value === null || value === undefined) return h("span", { class: "hint" }, "nothing");
  if (typeof value === "string") return h("p", { class: "words", dir: "auto" }, value);
  if (typeof value !== "object") return h("b", {}, String(value));
  if (isFile(value)) return file(value);
  if (depth >= DEEP) return h("pre", {}, JSON.stringify(value, null, 2));
  return Array.isArray(value) ? items(value, depth) : group(value, depth);
}

function group(value, depth) {
  const entries = Object.entries(value).filter(([, inner]) => inner !== null);
  return h("dl", { class: "group" }, entries.flatMap(([name, inner]) => [h("dt", {}, label(name)), h("dd", {}, shown(inner, depth + 1))]));
}

const isFile = (value) => typeof value?.url === "string" && typeof value?.file === "string";
const isGroup = (value) => value !== null && typeof value === "object" && !Array.isArray(value) && !isFile(value);

function items(value, depth) {
  if (!value.length) return h("span", { class: "hint" }, "an empty list");
  if (value.every((item) => ["number", "boolean"].includes(typeof item))) return numbers(value);
  if (depth < 2) return openList(value, depth);
  return h("details", {}, h("summary", {}, `${value.length} items`), openList(value, depth));
}

function numbers(value) {
  const shown = value.slice(0, SHOWN_NUMBERS).join(", ");
  return h("p", { class: "words" }, value.length > SHOWN_NUMBERS ? `${shown}, … (${value.length})` : shown);
}

function openList(value, depth) {
  const row = (item) => h("li", {}, isGroup(item) ? summed(item, depth + 1) : shown(item, depth + 1));
  const list = h("ol", { class: "items" }, value.slice(0, SHOWN_ITEMS).map(row));
  const rest = value.slice(SHOWN_ITEMS);
  if (!rest.length) return list;
  const more = h("button", { type: "button", class: "quiet", onclick: () => { list.append(...rest.map(row)); more.remove(); } },
    `Show ${rest.length} more`);
  return h("div", {}, list, more);
}

/** A group in a list: what it says and its files, the rest one click away. */
function summed(value, depth) {
  const headline = HEADLINES.find((name) => typeof value[name] === "string");
  const files = Object.entries(value).filter(([, inner]) => isFile(inner));
  if (!headline && !files.length) return group(value, depth);
  const rest = Object.fromEntries(Object.entries(value).filter(([name, inner]) => name !== headline && !isFile(inner)));
  return h("div", {}, headline && shown(value[headline]), files.map(([, inner]) => file(inner)),
    Object.keys(rest).length ? h("details", { class: "rest" }, h("summary", {}, "Details"), group(rest, depth)) : null);
}

function file({ file: name, url, type, bytes }) {
  const link = h("a", { class: "file", href: `${url}?download` }, name, h("small", {}, sizeText(bytes)));
  if (type.startsWith("image/")) return h("figure", {}, h("img", { src: url, alt: name, loading: "lazy" }), h("figcaption", {}, link));
  if (type.startsWith("audio/")) return h("figure", {}, h("audio", { src: url, controls: true, preload: "none", "aria-label": name }), h("figcaption", {}, link));
  if (type.startsWith("video/")) return h("figure", {}, h("video", { src: url, controls: true, preload: "metadata", "aria-label": name }), h("figcaption", {}, link));
  return link;
}
