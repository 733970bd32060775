// Building elements. Text only ever enters the page as text nodes.

const SVG = "http://www.w3.org/2000/svg";

// Shapes of 24 x 24 icons, as the data of one path.
export const ICONS = {
  play: "M8 5v14l11-7z",
  pause: "M7 5h4v14H7zm6 0h4v14h-4z",
  sound: "M4 9v6h4l5 5V4L8 9zm12.5 3a4.5 4.5 0 0 0-2.5-4v8a4.5 4.5 0 0 0 2.5-4zM14 3.2v2.1a7 7 0 0 1 0 13.4v2.1a9 9 0 0 0 0-17.6z",
  muted: "M4 9v6h4l5 5V4L8 9zm17 .7L19.6 8.3 17.5 10.4 15.4 8.3 14 9.7l2.1 2.1L14 13.9l1.4 1.4 2.1-2.1 2.1 2.1 1.4-1.4-2.1-2.1z",
  captions: "M4 5h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zm2 5v4a1 1 0 0 0 1 1h3a1 1 0 0 0 1-1v-1H9.5v.5h-2v-3h2v.5H11v-1a1 1 0 0 0-1-1H7a1 1 0 0 0-1 1zm7 0v4a1 1 0 0 0 1 1h3a1 1 0 0 0 1-1v-1h-1.500v.5h-2v-3h2v.5H18v-1a1 1 0 0 0-1-1h-3a1 1 0 0 0-1 1z",
  full: "M5 5h5v2H7v3H5zm9 0h5v5h-2V7h-3zM5 14h2v3h3v2H5zm12 0h2v5h-5v-2h3z",
};

/** Make an element: `h("p", {class: "note", dir: "auto", onclick}, "text", child)`. Empty children are left out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) set(element, name, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

function set(element, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else element.setAttribute(name, value === true ? "" : value);
}

/** A 24 x 24 icon from the data of one path. */
export function icon(path) {
  const svg = document.createElementNS(SVG, "svg");
  const shape = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

export function replace(element, ...children) {
  element.replaceChildren(...children.flat().filter(Boolean));
}

/** `75.3` as `1:15`. */
export function clockTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const parts = [Math.floor(whole / 60) % 60, whole % 60];
  const hours = Math.floor(whole / 3600);
  const padded = parts.map((n, i) => (i || hours ? String(n).padStart(2, "0") : String(n)));
  return (hours ? `${hours}:` : "") + padded.join(":");
}

export function secondsText(value, digits = 2) {
  return Number.isFinite(value) ? `${value.toFixed(digits)} s` : "–";
}

/** `source_file` as `Source file`. */
export function label(name) {
  const words = name.replaceAll(/[_-]/g, " ");
  if (words.length <= 3) return words.toUpperCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** `code-debate` as `Code debate`, `video-qa` as `Video QA`. */
export function titleOf(name) {
  const words = name.split(/[_-]/).map((word) => (word.length <= 2 ? word.toUpperCase() : word)).join(" ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Bytes in the largest unit that leaves a number above one. */
export function sizeText(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${Number((bytes / 1000 ** power).toFixed(power > 1 ? 1 : 0))} ${units[power]}`;
}
