/** One photograph in the list. */

import { urls } from "./api.js";
import { isActive } from "./jobs.js";
import * as words from "./words.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./size.js").Size} Size */
/** @typedef {"open" | "download" | "retry" | "cancel" | "remove"} Action */

const THUMB = 128;
const LABELS = { download: "Download", retry: "Try again", cancel: "Cancel", remove: "Remove" };
const WITHOUT_OUTPUT = ["failed", "canceled"];
const STATES = { sending: "Sending", held: "", waiting: "Waiting", running: "", done: "", failed: "Failed", canceled: "Canceled" };

export class Row {
  /** @param {Job} job @param {(job: Job) => Size | null} planned the output size of a held job */
  constructor(job, planned) {
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById("row"));
    const content = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    this.element = /** @type {HTMLLIElement} */ (content.firstElementChild);
    this.element.dataset.id = job.id;
    this.planned = planned;
    this.job = job;
    this.find("folder").textContent = job.name.slice(0, job.name.lastIndexOf("/") + 1);
    this.find("file").textContent = job.name.slice(job.name.lastIndexOf("/") + 1);
    this.find("name").title = `${job.name}, ${words.moment(job.created)}`;
    this.#label();
    this.update(job);
  }

  /** The file that was sent is a job now. @param {Job} job */
  become(job) {
    this.element.dataset.id = job.id;
    this.update(job);
  }

  /** @param {string} name of a class @returns {HTMLElement} */
  find(name) {
    return /** @type {HTMLElement} */ (this.element.querySelector(`.${name}`));
  }

  /** @param {Action} action @returns {HTMLElement} */
  button(action) {
    return /** @type {HTMLElement} */ (this.element.querySelector(`[data-do="${action}"]`));
  }

  /** @param {Job} job */
  update(job) {
    this.job = job;
    const focused = this.element.contains(document.activeElement);
    this.element.dataset.status = job.status;
    this.find("facts").textContent = facts(job, this.planned(job));
    this.find("state").textContent = state(job);
    this.#progress();
    this.#thumb();
    this.#buttons();
    this.#words();
    if (focused) this.#keepFocus();
  }

  #label() {
    const name = this.job.name;
    for (const [action, label] of Object.entries(LABELS)) {
      const button = this.button(/** @type {Action} */ (action));
      button.setAttribute("aria-label", `${label}: ${name}`);
      button.title = label;
    }
    /** @type {HTMLElement} */ (this.element.querySelector("progress")).setAttribute("aria-label", `Progress of ${name}`);
  }

  #progress() {
    const bar = /** @type {HTMLProgressElement} */ (this.element.querySelector("progress"));
    bar.hidden = this.job.status !== "running";
    if (this.job.progress) bar.value = this.job.progress;
    else bar.removeAttribute("value");
  }

  #thumb() {
    const open = this.button("open");
    const image = /** @type {HTMLImageElement} */ (open.querySelector("img"));
    /** @type {HTMLButtonElement} */ (open).disabled = !this.job.input;
    open.setAttribute("aria-label", `${this.job.status === "done" ? "See before and after" : "Compare networks"}: ${this.job.name}`);
    if (!this.job.input || image.src) return;
    image.addEventListener("load", () => (open.dataset.loaded = ""), { once: true });
    image.src = urls.whole(this.job.id, "before", THUMB);
    image.hidden = false;
  }

  #buttons() {
    const { status } = this.job;
    const active = isActive(this.job);
    const download = /** @type {HTMLAnchorElement} */ (this.button("download"));
    download.hidden = status !== "done";
    if (status === "done") download.href = urls.result(this.job.id);
    this.button("retry").hidden = status !== "failed" && status !== "canceled";
    this.button("cancel").hidden = !active;
    this.button("remove").hidden = active;
  }

  #words() {
    const { error, notes } = this.job;
    const line = this.find("error");
    line.hidden = !error;
    line.textContent = error ? sentence(error.detail || error.title, this.job.name) : "";
    const details = this.find("notes");
    details.hidden = !notes.length;
    if (details.childElementCount && details.dataset.notes === notes.join("\n")) return;
    details.dataset.notes = notes.join("\n");
    /** @type {HTMLElement} */ (details.querySelector("summary")).textContent = words.counted(notes.length, "note", "notes");
    details.querySelector("ul")?.replaceChildren(...notes.map(item));
  }

  /** A button that vanishes leaves the focus to its neighbour. */
  #keepFocus() {
    if (/** @type {HTMLElement} */ (document.activeElement)?.offsetParent) return;
    /** @type {HTMLElement | null} */ (this.element.querySelector(".row-buttons > :not([hidden])"))?.focus();
  }
}

/** What went wrong, without the name, which the row has already. @param {string} text @param {string} name */
function sentence(text, name) {
  const said = text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text;
  return said.charAt(0).toUpperCase() + said.slice(1);
}

/** @param {string} text */
function item(text) {
  const element = document.createElement("li");
  element.textContent = text;
  return element;
}

/** @param {Job} job @param {Size | null} planned */
function facts(job, planned) {
  if (!job.input) return "";
  const goal = job.status === "held" ? planned : WITHOUT_OUTPUT.includes(job.status) ? null : job.output;
  const sizes = [job.input, goal].filter((each) => each !== null).map((each) => words.pixels(/** @type {Size} */ (each)));
  const lengths = [job.input.bytes, job.output?.bytes].filter(Boolean).map((each) => words.bytes(Number(each)));
  return [sizes, lengths].map((each) => each.join(" → ").replaceAll(" ", "\u00a0")).join(" · ");
}

/** @param {Job} job */
function state(job) {
  if (job.status === "running") {
    if (job.eta_seconds !== null) return `${words.duration(job.eta_seconds)} left`;
    return job.progress ? words.percent(job.progress) : "Starting";
  }
  if (job.status === "done" && job.seconds !== null) return `${job.model ?? ""} · ${words.duration(job.seconds)}`.replace(/^ · /, "");
  return STATES[job.status];
}
