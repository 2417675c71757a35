/** What the page says of all photographs together: counts, progress, and what to do next. */

import { timeLeft } from "./queue.js";
import * as words from "./words.js";

/** @typedef {import("./jobs.js").Counts} Counts */

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const main = /** @type {HTMLButtonElement} */ (byId("main-action"));

export class Summary {
  /** @param {import("./jobs.js").Jobs} jobs */
  constructor(jobs) {
    this.jobs = jobs;
    /** Photographs that ended before the present run, which do not count in it. */
    this.before = { ended: 0, failed: 0 };
    this.wasActive = false;
    this.fraction = 0;
    jobs.listen(() => this.show());
  }

  show() {
    const counts = this.jobs.counts();
    document.body.dataset.state = counts.total ? "queue" : "empty";
    this.#progress(counts);
    this.#heading(counts);
    mainAction(counts);
    others(counts);
  }

  /** @param {number} files of folders that are no photographs */
  leaveOut(files) {
    byId("left-out").hidden = !files;
    byId("left-out").textContent = `${words.counted(files, "other file", "other files")} in the folders left out.`;
    this.show();
  }

  /** @param {Counts} counts */
  #heading(counts) {
    byId("queue-title").textContent = words.photographs(counts.total);
    const working = counts.active > 0;
    document.title = working ? `${words.percent(this.fraction)} · sr-batch` : "sr-batch";
  }

  /** @param {Counts} counts */
  #progress(counts) {
    const active = counts.active > 0;
    if (active && !this.wasActive) this.before = { ended: ended(counts), failed: counts.failed };
    if (!active && this.wasActive) announce(counts);
    this.wasActive = active;
    byId("overall").hidden = !active && !counts.sending;
    const bar = /** @type {HTMLProgressElement} */ (byId("overall-bar"));
    if (active) bar.value = this.#fraction(counts);
    else if (counts.sending) bar.removeAttribute("value");
    this.fraction = active ? bar.value : 0;
    byId("overall-text").textContent = [sending(counts.sending), active ? this.#working(counts) : ""].filter(Boolean).join(" · ");
  }

  /** @param {Counts} counts */
  #fraction(counts) {
    const finished = this.#finished(counts);
    const running = this.jobs.where((job) => job.status === "running").reduce((sum, job) => sum + job.progress, 0);
    return (finished + running) / Math.max(1, finished + counts.active);
  }

  /** @param {Counts} counts */
  #working(counts) {
    const finished = this.#finished(counts);
    const failed = Math.max(0, counts.failed - this.before.failed);
    const left = timeLeft(this.jobs);
    const time = left === null ? "" : `, about ${words.duration(left)} left`;
    return `${words.count(finished)} of ${words.count(finished + counts.active)} finished${failures(failed)}${time}`;
  }

  /** Photographs of this run that are done, failed or canceled. @param {Counts} counts */
  #finished(counts) {
    return Math.max(0, ended(counts) - this.before.ended);
  }
}

/** @param {Counts} counts */
const ended = (counts) => counts.done + counts.failed + counts.canceled;

/** @param {number} failed */
const failures = (failed) => (failed ? `, ${words.count(failed)} failed` : "");

/** @param {number} left */
const sending = (left) => (left ? `Sending ${words.photographs(left)}` : "");

/** @param {Counts} counts */
function mainAction(counts) {
  const ready = counts.held + counts.sending;
  const download = !ready && !counts.active && counts.done > 0;
  main.dataset.action = download ? "download" : "start";
  main.disabled = !ready && !download;
  if (download) main.textContent = counts.done === 1 ? "Download" : `Download all ${words.count(counts.done)} as ZIP`;
  else if (ready) main.textContent = `Enlarge ${words.photographs(ready)}`;
  else main.textContent = counts.active ? "Enlarging…" : "Enlarge";
}

/** @param {Counts} counts */
function others(counts) {
  const failed = counts.failed + counts.canceled;
  const shown = {
    "download-done": counts.done > 0 && main.dataset.action !== "download",
    again: counts.done > 0 && !counts.active && !counts.held && !counts.sending,
    "cancel-all": counts.active + counts.sending > 0,
    "retry-failed": failed > 0 && !counts.active && !counts.held && !counts.sending,
    clear: counts.total > 0 && !counts.active && !counts.sending,
  };
  for (const [id, visible] of Object.entries(shown)) show(byId(id), visible);
}

/** A button that vanishes leaves the focus to the main one. @param {HTMLElement} button @param {boolean} visible */
function show(button, visible) {
  const focused = document.activeElement === button;
  button.hidden = !visible;
  if (focused && !visible) (main.disabled ? byId("queue-title") : main).focus();
}

/** @param {Counts} counts */
function announce(counts) {
  byId("announcement").textContent = `Finished: ${words.photographs(counts.done)} enlarged${failures(counts.failed)}.`;
}
