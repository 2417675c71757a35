/** The jobs of the server as this page knows them, kept up to date by one stream of events. */

import { api, urls } from "./api.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {{total: number, sending: number, open: number, active: number, held: number, done: number, failed: number, canceled: number}} Counts */

const ACTIVE = ["waiting", "running"];

/** @param {Job} job */
export const isActive = (job) => ACTIVE.includes(job.status);

export class Jobs {
  constructor() {
    /** @type {Map<string, Job>} */
    this.all = new Map();
    /** @type {Set<string>} */
    this.changed = new Set();
    /** Files that are being sent, by name. @type {Map<string, string>} */
    this.sent = new Map();
    /** Jobs that such files became, by the id that they had. @type {Map<string, string>} */
    this.adopted = new Map();
    /** @type {((ids: Set<string>) => void)[]} */
    this.listeners = [];
    this.scheduled = false;
  }

  /** @param {(ids: Set<string>) => void} listener called at most once for each frame */
  listen(listener) {
    this.listeners.push(listener);
  }

  /** A new job takes the place of the file that was being sent. @param {Job} job */
  put(job) {
    if (job.status === "sending") this.sent.set(job.name, job.id);
    else if (!this.all.has(job.id)) this.#adopt(job);
    this.all.set(job.id, job);
    this.#touch(job.id);
  }

  /** @param {string} id */
  drop(id) {
    this.sent.forEach((each, name) => each === id && this.sent.delete(name));
    if (this.all.delete(id)) this.#touch(id);
  }

  /** @param {Job} job */
  #adopt(job) {
    const id = this.sent.get(job.name);
    if (id === undefined) return;
    this.adopted.set(id, job.id);
    this.drop(id);
  }

  /** @param {(job: Job) => boolean} test */
  where(test) {
    return [...this.all.values()].filter(test);
  }

  /** @returns {Counts} */
  counts() {
    const counts = { total: this.all.size, sending: 0, open: 0, active: 0, held: 0, done: 0, failed: 0, canceled: 0 };
    for (const job of this.all.values()) {
      if (job.status === "waiting" || job.status === "running") counts.active += 1;
      else counts[job.status] += 1;
    }
    counts.open = counts.sending + counts.active + counts.held;
    return counts;
  }

  /** @param {string} id */
  #touch(id) {
    this.changed.add(id);
    if (this.scheduled) return;
    this.scheduled = true;
    // A hidden page gets no frames, but its title is to show the progress.
    if (document.hidden) setTimeout(() => this.#tell(), 250);
    else requestAnimationFrame(() => this.#tell());
  }

  #tell() {
    const ids = this.changed;
    this.changed = new Set();
    this.scheduled = false;
    for (const listener of this.listeners) listener(ids);
  }
}

/**
 * Follow the server. When it is back after an interruption, jobs that it no longer has go.
 * @param {Jobs} jobs
 * @param {(connected: boolean) => void} told
 */
export function follow(jobs, told) {
  const stream = new EventSource(urls.events);
  stream.addEventListener("job", (event) => jobs.put(JSON.parse(event.data)));
  stream.addEventListener("gone", (event) => jobs.drop(JSON.parse(event.data).id));
  stream.addEventListener("error", () => {
    told(false);
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => follow(jobs, told), 3000);
  });
  stream.addEventListener("open", async () => {
    told(true);
    await forget(jobs).catch(() => told(false));
  });
}

/** @param {Jobs} jobs */
async function forget(jobs) {
  const before = [...jobs.all.values()].filter((job) => !job.open);
  const there = new Set((await api.jobs()).map((job) => job.id));
  for (const job of before) if (!there.has(job.id)) jobs.drop(job.id);
}
