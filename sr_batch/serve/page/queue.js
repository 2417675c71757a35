/** The list of photographs: its rows, its filters, and what their buttons do. */

import { api } from "./api.js";
import { isActive } from "./jobs.js";
import { Row } from "./row.js";
import * as words from "./words.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./row.js").Action} Action */
/** @typedef {import("./jobs.js").Counts} Counts */

const list = /** @type {HTMLElement} */ (document.getElementById("rows"));
const filters = /** @type {HTMLElement} */ (document.getElementById("filters"));
const FEW = 4; // so many photographs need no filters

export class Queue {
  /**
   * @param {import("./jobs.js").Jobs} jobs
   * @param {(job: Job) => import("./size.js").Size | null} planned
   * @param {(action: Action, job: Job) => void} act
   */
  constructor(jobs, planned, act) {
    this.jobs = jobs;
    this.planned = planned;
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    jobs.listen((ids) => this.#show(ids));
    list.addEventListener("click", (event) => this.#clicked(event, act));
    filters.addEventListener("click", filter);
  }

  /** The settings have changed, and with them the sizes that held photographs will get. */
  plan() {
    for (const row of this.rows.values()) if (row.job.status === "held") row.update(row.job);
  }

  /** @param {Set<string>} ids */
  #show(ids) {
    /** @type {HTMLElement[]} */
    const added = [];
    for (const [file, id] of this.jobs.adopted) this.#rename(file, id);
    this.jobs.adopted.clear();
    for (const id of ids) {
      const job = this.jobs.all.get(id);
      const row = this.rows.get(id);
      if (!job) this.#remove(id);
      else if (row) row.update(job);
      else added.push(this.#add(job).element);
    }
    list.append(...added);
    count(this.jobs.counts());
  }

  /** @param {string} file @param {string} id of the job that it became */
  #rename(file, id) {
    const [row, job] = [this.rows.get(file), this.jobs.all.get(id)];
    if (!row || !job) return;
    this.rows.delete(file);
    this.rows.set(id, row);
    row.become(job);
  }

  /** @param {Job} job */
  #add(job) {
    const row = new Row(job, this.planned);
    this.rows.set(job.id, row);
    return row;
  }

  /** The focus goes on to the next row, or to the heading after the last one. @param {string} id */
  #remove(id) {
    const element = this.rows.get(id)?.element;
    if (!element) return;
    if (element.contains(document.activeElement)) {
      const next = element.nextElementSibling ?? element.previousElementSibling;
      const heading = /** @type {HTMLElement} */ (document.getElementById("queue-title"));
      (/** @type {HTMLElement | null} */ (next?.querySelector(".row-buttons > :not([hidden])")) ?? heading).focus();
    }
    element.remove();
    this.rows.delete(id);
  }

  /** @param {MouseEvent} event @param {(action: Action, job: Job) => void} act */
  #clicked(event, act) {
    const button = /** @type {HTMLElement} */ (event.target).closest("[data-do]");
    const row = this.rows.get(/** @type {HTMLElement | null} */ (button?.closest(".row"))?.dataset.id ?? "");
    if (button && row) act(/** @type {Action} */ (/** @type {HTMLElement} */ (button).dataset.do), row.job);
  }
}

/** @param {MouseEvent} event */
function filter(event) {
  const chosen = /** @type {HTMLElement} */ (event.target).closest("button");
  if (!chosen) return;
  for (const button of filters.children) button.setAttribute("aria-pressed", String(button === chosen));
  list.dataset.show = /** @type {HTMLElement} */ (chosen).dataset.filter;
}

/** @param {Counts} counts */
function count(counts) {
  filters.hidden = counts.total < FEW;
  const numbers = [counts.total, counts.open, counts.done, counts.failed + counts.canceled];
  for (const [index, button] of [...filters.children].entries()) {
    /** @type {HTMLElement} */ (button.firstElementChild).textContent = words.count(numbers[index]);
  }
}

/**
 * Seconds until all is done: those of each photograph that runs or waits, as fast as the last ones.
 * @param {import("./jobs.js").Jobs} jobs
 * @returns {number | null}
 */
export function timeLeft(jobs) {
  const active = jobs.where(isActive);
  const known = active.map((job) => job.eta_seconds);
  return known.length && known.every((each) => each !== null) ? Math.max(...known.map(Number)) : null;
}

/** Do the same for many jobs, a few at a time. A job that is gone meanwhile is no error.
 * @param {Job[]} jobs @param {(job: Job) => Promise<unknown>} act */
export async function forEach(jobs, act) {
  const left = [...jobs].reverse();
  const work = async () => {
    for (let job = left.pop(); job; job = left.pop()) await act(job).catch(() => null);
  };
  await Promise.all([work(), work(), work()]);
}

/** @param {import("./jobs.js").Jobs} jobs @param {Job} job */
export async function remove(jobs, job) {
  if (job.open) jobs.drop(job.id);
  else await api.remove(job.id);
}
