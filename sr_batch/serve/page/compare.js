/** Networks side by side on one part of a photograph, before the whole of it is enlarged. */

import { picture as load, urls } from "./api.js";
import { sentence, useful } from "./settings.js";
import { factor } from "./size.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./api.js").Region} Region */
/** @typedef {import("./settings.js").Settings} Settings */

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const dialog = /** @type {HTMLDialogElement} */ (byId("compare"));
const frame = byId("frame");
const crop = byId("crop");
const picture = /** @type {HTMLImageElement} */ (byId("compare-picture"));
const PLAIN = { name: "bicubic", purpose: "without a network", speed: "" };
const AT_FIRST = ["bicubic", "photo", "balanced"];
const SHOWN = 360; // CSS pixels a side of a result
const LARGEST = 256; // input pixels a side that the server takes
const PAUSE = 250; // milliseconds

/** What cells wait for. @type {WeakMap<Element, AbortController>} */
const waiting = new WeakMap();

export class Compare {
  /** @param {Settings} settings */
  constructor(settings) {
    this.settings = settings;
    /** @type {Job | null} */
    this.job = null;
    /** @type {Region} */
    this.region = { left: 0, top: 0, width: 1, height: 1 };
    this.timer = 0;
    this.#offer();
    this.#grab();
    byId("cells").addEventListener("click", (event) => this.#use(event));
    dialog.addEventListener("close", () => this.#fill([]));
    dialog.addEventListener("click", (event) => {
      if (/** @type {HTMLElement} */ (event.target).closest("[data-close]")) dialog.close();
    });
  }

  /** @param {Job} job whose input the server has */
  open(job) {
    if (!job.input) return;
    this.job = job;
    byId("compare-name").textContent = job.name;
    picture.src = urls.whole(job.id, "before", 800);
    const side = Math.min(LARGEST, Math.ceil(SHOWN / this.scale), job.input.width, job.input.height);
    this.region = { left: 0, top: 0, width: side, height: side };
    if (!dialog.open) dialog.showModal();
    this.#moveTo((job.input.width - side) / 2, (job.input.height - side) / 2);
  }

  /** The factor of the settings, as far as a comparison goes. */
  get scale() {
    const wanted = factor(this.settings.options, this.job?.input ?? { width: 1, height: 1 });
    return Math.min(8, Math.max(1.5, Math.round(wanted * 100) / 100));
  }

  #offer() {
    const choices = [PLAIN, ...useful(this.settings.server)].map((model) => chip(model.name));
    byId("compare-networks-chosen").append(...choices);
    byId("compare-networks-chosen").addEventListener("change", () => this.#show());
  }

  #grab() {
    let held = { x: 0, y: 0 };
    frame.addEventListener("pointerdown", (event) => {
      const box = crop.getBoundingClientRect();
      const inside = event.target === crop;
      held = inside ? { x: event.clientX - box.left, y: event.clientY - box.top } : { x: box.width / 2, y: box.height / 2 };
      frame.setPointerCapture(event.pointerId);
      this.#drag(event, held);
    });
    frame.addEventListener("pointermove", (event) => {
      if (frame.hasPointerCapture(event.pointerId)) this.#drag(event, held);
    });
    crop.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {PointerEvent} event @param {{x: number, y: number}} held */
  #drag(event, held) {
    const box = frame.getBoundingClientRect();
    const ratio = (this.job?.input?.width ?? 1) / box.width;
    this.#moveTo((event.clientX - box.left - held.x) * ratio, (event.clientY - box.top - held.y) * ratio);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = this.region.width / 4;
    /** @type {{[key: string]: [number, number]}} */
    const ways = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    this.#moveTo(this.region.left + way[0], this.region.top + way[1]);
  }

  /** @param {number} left @param {number} top in pixels of the input */
  #moveTo(left, top) {
    const size = this.job?.input;
    if (!size) return;
    const within = (/** @type {number} */ place, /** @type {number} */ room) => Math.round(Math.min(room, Math.max(0, place)));
    const { width, height } = this.region;
    this.region = { left: within(left, size.width - width), top: within(top, size.height - height), width, height };
    frame.style.aspectRatio = `${size.width} / ${size.height}`;
    frame.style.maxWidth = `${Math.round(300 * size.width / size.height)}px`;
    crop.style.left = `${100 * this.region.left / size.width}%`;
    crop.style.top = `${100 * this.region.top / size.height}%`;
    crop.style.width = `${100 * width / size.width}%`;
    crop.style.height = `${100 * height / size.height}%`;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#show(), PAUSE);
  }

  #show() {
    const { job, region, scale } = this;
    if (!job || !dialog.open) return;
    const boxes = /** @type {HTMLInputElement[]} */ ([...byId("compare-networks-chosen").querySelectorAll("input")]);
    const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
    const models = [PLAIN, ...useful(this.settings.server)].filter((model) => chosen.includes(model.name));
    const there = new Map([...byId("cells").children].map((cell) => [/** @type {HTMLElement} */ (cell).dataset.model, cell]));
    const cells = models.map((model) => /** @type {HTMLElement} */ (there.get(model.name) ?? cell(model)));
    this.#fill(cells);
    for (const each of cells) enlarge(each, urls.compared(job.id, each.dataset.model ?? "", region, scale));
  }

  /** @param {HTMLElement[]} cells */
  #fill(cells) {
    for (const old of byId("cells").children) if (!cells.includes(/** @type {HTMLElement} */ (old))) waiting.get(old)?.abort();
    byId("cells").replaceChildren(...cells);
  }

  /** @param {MouseEvent} event */
  #use(event) {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    const cell = /** @type {HTMLElement | null} */ (button?.closest(".cell"));
    if (!cell?.dataset.model) return;
    this.settings.choose(cell.dataset.model);
    dialog.close();
  }
}

/** @param {string} model */
function chip(model) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  const text = document.createElement("span");
  input.type = "checkbox";
  input.value = model;
  input.checked = AT_FIRST.includes(model);
  text.textContent = model;
  label.append(input, text);
  return label;
}

/** @param {{name: string, purpose: string, speed: string}} model */
function cell(model) {
  const template = /** @type {HTMLTemplateElement} */ (byId("cell"));
  const content = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  const figure = /** @type {HTMLElement} */ (content.firstElementChild);
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (figure.querySelector(name));
  figure.dataset.model = model.name;
  part(".card-name").textContent = model.name;
  part(".card-text").textContent = sentence(model.purpose);
  part("img").setAttribute("alt", `The part, enlarged by ${model.name}`);
  part("button").setAttribute("aria-label", `Use ${model.name}`);
  part("button").hidden = model.name === PLAIN.name;
  return figure;
}

/** Show the picture at `url`, unless another one is asked for meanwhile. @param {HTMLElement} cell @param {string} url */
async function enlarge(cell, url) {
  if (cell.dataset.url === url) return;
  cell.dataset.url = url;
  waiting.get(cell)?.abort();
  const control = new AbortController();
  waiting.set(cell, control);
  say(cell, "Enlarging…");
  try {
    show(cell, await load(url, control.signal));
  } catch (error) {
    if (!control.signal.aborted) say(cell, /** @type {Error} */ (error).message);
  }
}

/** @param {HTMLElement} cell @param {Blob} content */
function show(cell, content) {
  const image = /** @type {HTMLImageElement} */ (cell.querySelector("img"));
  const address = URL.createObjectURL(content);
  image.addEventListener("load", () => URL.revokeObjectURL(address), { once: true });
  image.src = address;
  say(cell, "");
}

/** @param {HTMLElement} cell @param {string} text */
function say(cell, text) {
  const line = /** @type {HTMLElement} */ (cell.querySelector(".small"));
  line.hidden = !text;
  line.textContent = text;
}
