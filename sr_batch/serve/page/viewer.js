/** The photograph before and after, side by side in one place, with a boundary that moves. */

import { urls } from "./api.js";
import { Layer } from "./layer.js";
import * as words from "./words.js";
import { steer, Zoom } from "./zoom.js";

/** @typedef {import("./api.js").Job} Job */

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const dialog = /** @type {HTMLDialogElement} */ (byId("viewer"));
const stage = byId("stage");
const split = /** @type {HTMLInputElement} */ (byId("split"));
const SINGLE_PIXELS = 4; // the zoom from which they are drawn as squares
const HANDLE = 44; // CSS pixels, as in the style sheet

export class Viewer {
  /** @param {import("./jobs.js").Jobs} jobs */
  constructor(jobs) {
    this.jobs = jobs;
    /** @type {Job | null} */
    this.job = null;
    this.before = new Layer(byId("layer-before"), "before");
    this.after = new Layer(byId("layer-after"), "after");
    this.zoom = new Zoom(stage, () => this.#draw());
    new ResizeObserver(() => this.job && this.zoom.resized()).observe(stage);
    stage.addEventListener("sharper", () => this.#draw());
    split.addEventListener("input", () => this.#divide());
    dialog.addEventListener("close", () => this.#closed());
    dialog.addEventListener("keydown", (event) => this.#key(event));
    dialog.addEventListener("click", (event) => this.#click(event));
    byId("viewer-previous").addEventListener("click", () => this.#go(-1));
    byId("viewer-next").addEventListener("click", () => this.#go(1));
    byId("zoom-full").textContent = words.percent(1);
    steer(byId("scroller"), this.zoom, (x) => this.#splitAt(x));
  }

  /** @param {Job} job a finished one */
  open(job) {
    this.job = job;
    if (!dialog.open) dialog.showModal();
    this.#title(job);
    this.before.open(job);
    this.after.open(job);
    split.value = "50";
    this.zoom.open(size(job.output));
    split.focus();
  }

  /** @param {Job} job */
  #title(job) {
    byId("viewer-name").textContent = job.name;
    byId("viewer-facts").textContent = `${words.pixels(size(job.input))} → ${words.pixels(size(job.output))}`;
    byId("tag-after").textContent = job.model ? `After, by ${job.model}` : "After";
    /** @type {HTMLAnchorElement} */ (byId("viewer-download")).href = urls.result(job.id);
    const finished = this.finished;
    for (const name of ["viewer-previous", "viewer-next"]) byId(name).hidden = finished.length < 2;
  }

  get finished() {
    return this.jobs.where((job) => job.status === "done");
  }

  #draw() {
    const { box, visible } = this.zoom;
    this.before.show(box, visible);
    this.after.show(box, visible);
    stage.classList.toggle("movable", this.zoom.isLarger);
    stage.classList.toggle("pixelated", this.zoom.scale >= SINGLE_PIXELS);
    byId("zoom").textContent = words.percent(this.zoom.scale);
    // The boundary runs over the visible part of the photograph, half a handle beyond its edges.
    const left = box.left + visible.left * box.width;
    split.style.left = `${left - HANDLE / 2}px`;
    split.style.width = `${visible.width * box.width + HANDLE}px`;
    this.#divide();
  }

  #divide() {
    const { box, visible } = this.zoom;
    const place = box.left + box.width * (visible.left + visible.width * Number(split.value) / 100);
    this.before.element.style.clipPath = `inset(0 ${stage.clientWidth - place}px 0 0)`;
    byId("divider").style.left = `${place}px`;
    split.setAttribute("aria-valuetext", `${words.percent(Number(split.value) / 100)} before`);
  }

  /** @param {number} x in the stage */
  #splitAt(x) {
    const { box, visible } = this.zoom;
    const place = (x - box.left) / box.width;
    split.value = String(Math.round(100 * (place - visible.left) / visible.width));
    this.#divide();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = { "+": "in", "=": "in", "-": "out", 0: "fit", 1: "full" }[event.key];
    if (action) this.#zoom(action);
    if (event.key === "PageUp") this.#go(-1);
    if (event.key === "PageDown") this.#go(1);
    if (event.key.startsWith("Page")) event.preventDefault();
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (button?.dataset.zoom) this.#zoom(button.dataset.zoom);
    if (button && "close" in button.dataset) dialog.close();
  }

  /** @param {string} action */
  #zoom(action) {
    if (action === "in") this.zoom.step(1);
    if (action === "out") this.zoom.step(-1);
    if (action === "fit") this.zoom.fit();
    if (action === "full") this.zoom.to(1);
  }

  /** @param {1 | -1} direction */
  #go(direction) {
    const finished = this.finished;
    const place = finished.findIndex((job) => job.id === this.job?.id);
    if (finished.length) this.open(finished[(place + direction + finished.length) % finished.length]);
  }

  #closed() {
    this.job = null;
    this.before.close();
    this.after.close();
  }
}

/** @param {import("./size.js").Size | null} size */
const size = (size) => size ?? { width: 1, height: 1 };
