/** Sends files to the server, a few at a time; each becomes a held job at once. */

import { api, Refusal } from "./api.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./drop.js").Found} Found */
/** @typedef {import("./size.js").Options} Options */

const AT_ONCE = 3;
const BUSY = [429, 503];
const LONGEST_PAUSE = 30; // seconds
const EMPTY = { title: "Not sent", detail: "The file is empty", status: 0 };

const pause = (/** @type {number} */ seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

export class Uploads {
  /**
   * @param {import("./jobs.js").Jobs} jobs which get an entry for each file from the start
   * @param {(job: Job, options: Options) => Promise<void>} start
   */
  constructor(jobs, start) {
    this.jobs = jobs;
    this.start = start;
    /** @type {Job[]} */
    this.waiting = [];
    this.running = 0;
    this.count = 0;
    /** Options with which files start as soon as they are there; null: they are held.
     * @type {Options | null} */
    this.startWith = null;
  }

  get left() {
    return this.waiting.length + this.running;
  }

  /** @param {Found} found */
  add(found) {
    const job = entry(`file-${(this.count += 1)}`, found);
    this.jobs.put(job);
    this.waiting.push(job);
    this.#next();
  }

  /** What is not on its way goes from the list. */
  stop() {
    for (const job of this.waiting) this.jobs.drop(job.id);
    this.waiting = [];
    this.startWith = null;
  }

  async #next() {
    if (this.running >= AT_ONCE) return;
    const file = this.waiting.shift();
    if (!file) return;
    this.running += 1;
    if (this.jobs.all.has(file.id)) await this.#send(file);
    this.running -= 1;
    if (!this.left) this.startWith = null;
    this.#next();
  }

  /** @param {Job} file */
  async #send(file) {
    try {
      const job = await patiently(file);
      if (!this.jobs.all.has(job.id)) this.jobs.put(job);
      this.jobs.drop(file.id);
      if (this.startWith) await this.start(job, this.startWith);
    } catch (error) {
      if (this.jobs.all.has(file.id)) this.jobs.put({ ...file, status: "failed", error: problem(error) });
    }
  }
}

/** @param {string} id @param {Found} found @returns {Job} */
function entry(id, found) {
  return {
    id, name: found.name, status: "sending", progress: 0, eta_seconds: null, seconds: null, created: new Date().toISOString(),
    input: null, output: null, model: null, notes: [], error: null, options: {}, open: found.open,
  };
}

/** Send a file, and try again while the server is busy. @param {Job} file @returns {Promise<Job>} */
async function patiently(file) {
  const content = await /** @type {() => Promise<File>} */ (file.open)();
  if (!content.size) throw new Refusal(EMPTY, 0);
  for (;;) {
    try {
      return await api.hold(content, file.name);
    } catch (error) {
      if (!(error instanceof Refusal) || !BUSY.includes(error.status)) throw error;
      await pause(Math.min(error.wait || 1, LONGEST_PAUSE));
    }
  }
}

/** @param {unknown} error */
function problem(error) {
  if (error instanceof Refusal) return error.problem;
  return { title: "Not sent", detail: "This file could not be read or sent. Try again.", status: 0 };
}
