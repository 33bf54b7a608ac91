// Elements, icons and numbers. Recorded text becomes a text node here and nowhere markup.

const $ = (id) => document.getElementById(id);

function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  // strings become text nodes
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function icon(name) {
  const known = $(`icon-${name}`) ? name : "help";
  return svg(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" },
    svg("use", { href: `#icon-${known}` }),
  );
}

function seconds(value) {
  if (typeof value !== "number") return "";
  if (value < 0.0995) return `${Math.round(value * 1000)} ms`;
  if (value < 9.95) return `${value.toFixed(value < 0.995 ? 2 : 1)} s`;
  if (value < 60) return `${Math.round(value)} s`;
  const whole = Math.round(value);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
const shorten = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
const json = (value) => JSON.stringify(value, null, 2);
const round = (value) => (typeof value === "number" ? String(Math.round(value * 100) / 100) : "?");

// A data block of the page: its text, or why there is none.
function block(id) {
  const found = $(id);
  if (!found) return { missing: "it is not in this page" };
  return found.dataset.missing ? { missing: found.dataset.missing } : { text: found.textContent };
}
