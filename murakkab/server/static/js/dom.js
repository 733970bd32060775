// Building elements. Text only ever enters the page as text nodes.

const SVG = "http://www.w3.org/2000/svg";

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
  return words.charAt(0).toUpperCase() + words.slice(1);
}
