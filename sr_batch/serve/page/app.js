/** The page: it connects the list, the settings, the uploads and the dialogs. */

import { api, Refusal, urls } from "./api.js";
import { Compare } from "./compare.js";
import { acceptDrops, chosen } from "./drop.js";
import { follow, isActive, Jobs } from "./jobs.js";
import { forEach, Queue, remove } from "./queue.js";
import { Settings } from "./settings.js";
import { enlarged } from "./size.js";
import { Summary } from "./summary.js";
import { Uploads } from "./uploads.js";
import { Viewer } from "./viewer.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./drop.js").Found} Found */
/** @typedef {import("./row.js").Action} Action */
/** @typedef {{name: string, title: string, suffixes: string[], available: boolean}} Format */

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

const RUNS_ALREADY = 409;

class Page {
  /** @param {import("./settings.js").Server & {formats: Format[]}} server */
  constructor(server) {
    this.jobs = new Jobs();
    /** Number of the press of the button whose photographs are still being started. */
    this.run = 0;
    this.settings = new Settings(server, () => this.#planned());
    this.uploads = new Uploads(this.jobs, (job, options) => this.#begin(job, options));
    this.queue = new Queue(this.jobs, (job) => job.input && enlarged(this.settings.options, job.input), (...what) => this.#act(...what));
    this.summary = new Summary(this.jobs);
    this.viewer = new Viewer(this.jobs);
    this.compare = new Compare(this.settings);
    this.suffixes = new Set(server.formats.flatMap((format) => format.suffixes));
    this.jobs.listen(() => this.settings.showExample(this.sample?.input ?? undefined));
    this.#listen();
  }

  /** A photograph to show what the settings do: the first one that is still to be enlarged. */
  get sample() {
    const there = this.jobs.where((job) => job.input !== null);
    return there.find((job) => job.status === "held") ?? there[0];
  }

  #listen() {
    acceptDrops(byId("drop-cover"), (found) => this.#take(found));
    for (const button of document.querySelectorAll("[data-choose]")) {
      button.addEventListener("click", () => byId(/** @type {HTMLElement} */ (button).dataset.choose ?? "").click());
    }
    for (const id of ["files", "folder"]) byId(id).addEventListener("change", () => this.#chosen(id));
    /** @type {{[id: string]: () => unknown}} */
    const actions = {
      "main-action": () => this.#main(),
      "download-done": () => save(urls.zip),
      again: () => this.#start(["done"]),
      "cancel-all": () => this.#cancelAll(),
      "retry-failed": () => this.#start(["failed", "canceled"]),
      clear: () => forEach(this.jobs.where((job) => !isActive(job) && job.status !== "sending"), (job) => remove(this.jobs, job)),
      "compare-networks": () => this.sample && this.compare.open(this.sample),
    };
    for (const [id, action] of Object.entries(actions)) byId(id).addEventListener("click", action);
    window.addEventListener("beforeunload", (event) => this.uploads.left && event.preventDefault());
  }

  /** @param {string} id */
  #chosen(id) {
    const input = /** @type {HTMLInputElement} */ (byId(id));
    this.#take(chosen(input));
    input.value = "";
  }

  /** Of folders, only files that the server reads; a file that was named itself is always sent.
   * @param {AsyncGenerator<Found> | Found[]} found */
  async #take(found) {
    const suffix = (/** @type {string} */ name) => name.slice(name.lastIndexOf(".")).toLowerCase();
    let leftOut = 0;
    for await (const each of found) {
      if (each.inFolder && !this.suffixes.has(suffix(each.name))) leftOut += 1;
      else this.uploads.add(each);
    }
    this.summary.leaveOut(leftOut);
  }

  #main() {
    if (byId("main-action").dataset.action === "download") save(urls.zip);
    else this.#start(["held"]);
  }

  /** @param {Job["status"][]} statuses */
  #start(statuses) {
    if (!this.settings.valid) return;
    const { options } = this.settings;
    if (statuses.includes("held") && this.uploads.left) this.uploads.startWith = options;
    const run = (this.run += 1);
    const start = async (/** @type {Job} */ job) => this.run === run && this.#again(job, options);
    forEach(this.jobs.where((job) => statuses.includes(job.status)), start);
  }

  /** @param {Job} job @param {import("./size.js").Options} options */
  async #again(job, options) {
    if (!job.open) return this.#begin(job, options);
    this.jobs.drop(job.id);
    return this.uploads.add({ name: job.name, inFolder: false, open: job.open });
  }

  /** @param {Job} job @param {import("./size.js").Options} options */
  async #begin(job, options) {
    try {
      const started = await api.start(job.id, options);
      // The stream of events may have brought something newer meanwhile.
      if (this.jobs.all.get(job.id) === job) this.jobs.put(started);
    } catch (error) {
      const known = this.jobs.all.get(job.id);
      if (known && error instanceof Refusal && error.status !== RUNS_ALREADY) this.jobs.put({ ...known, error: error.problem });
    }
  }

  #cancelAll() {
    this.run += 1;
    this.uploads.stop();
    forEach(this.jobs.where(isActive).reverse(), (job) => api.cancel(job.id));
  }

  /** @param {Action} action @param {Job} job */
  #act(action, job) {
    if (action === "open" && job.status === "done") this.viewer.open(job);
    else if (action === "open") this.compare.open(job);
    else if (action === "retry") this.#again(job, this.settings.options);
    else if (action === "cancel") api.cancel(job.id).catch(() => null);
    else if (action === "remove") remove(this.jobs, job).catch(() => null);
  }

  #planned() {
    this.queue.plan();
    this.settings.showExample(this.sample?.input ?? undefined);
    this.summary.show();
  }
}

/** Unlike a change of the location, this leaves the page as it is. @param {string} url */
function save(url) {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}

/** @param {boolean} connected */
const showConnection = (connected) => (byId("connection").hidden = connected);

/** @param {{formats: Format[]}} server */
function describeFormats(server) {
  const names = new Intl.ListFormat(navigator.languages, { type: "conjunction" });
  const formats = server.formats.filter((format) => format.available);
  byId("formats").textContent = names.format(formats.map((format) => format.title));
  const suffixes = formats.flatMap((format) => format.suffixes);
  /** @type {HTMLInputElement} */ (byId("files")).accept = ["image/*", ...suffixes].join();
}

/** @returns {Promise<import("./settings.js").Server & {formats: Format[]}>} */
async function patiently() {
  for (;;) {
    const server = await api.models().catch(() => null);
    showConnection(server !== null);
    if (server) return server;
    await new Promise((done) => setTimeout(done, 2000));
  }
}

// Without this, a browser leaves the page for a file that is dropped before the page is ready.
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
const server = await patiently();
describeFormats(server);
follow(new Page(server).jobs, showConnection);
