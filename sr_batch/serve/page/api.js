/** The server's API, by name. */

/** @typedef {import("./size.js").Size} Size */
/** @typedef {import("./size.js").Options} Options */
/** @typedef {{left: number, top: number, width: number, height: number}} Region */
/** @typedef {{title: string, detail?: string, status: number}} ProblemBody */
/**
 * @typedef {object} Job
 * @property {string} id
 * @property {string} name with the folders, such as `trip/a.jpg`
 * @property {"sending" | "held" | "waiting" | "running" | "done" | "failed" | "canceled"} status
 * @property {number} progress from 0 to 1
 * @property {number | null} eta_seconds
 * @property {number | null} seconds
 * @property {string} created
 * @property {(Size & {bytes: number, format: string, pages: number}) | null} input
 * @property {(Size & {bytes: number | null, format: string, name: string}) | null} output
 * @property {string | null} model
 * @property {string[]} notes
 * @property {ProblemBody | null} error
 * @property {Options} options
 * @property {() => Promise<File>} [open] of a file that the server does not have (yet)
 */

const JOBS = "/api/v1/jobs";

/** What the server says of a request that it refused. */
export class Refusal extends Error {
  /** @param {ProblemBody} problem @param {number} wait seconds after which to try again */
  constructor(problem, wait) {
    super(problem.detail || problem.title);
    this.status = problem.status;
    this.problem = problem;
    this.wait = wait;
  }
}

/** @param {string} path @param {RequestInit} [init] */
async function ask(path, init) {
  const response = await fetch(path, init);
  if (!response.ok) throw await refusal(response);
  return response.status === 204 ? null : response.json();
}

/** @param {Response} response */
async function refusal(response) {
  const none = { title: response.statusText || "The server refused this", status: response.status };
  const problem = await response.json().catch(() => none);
  return new Refusal(problem, Number(response.headers.get("Retry-After")) || 0);
}

/** A picture from the server; the work on it stops when nobody waits for it any more.
 * @param {string} url @param {AbortSignal} signal */
export async function picture(url, signal) {
  const response = await fetch(url, { signal });
  if (!response.ok) throw await refusal(response);
  return response.blob();
}

/** @param {string} id */
const job = (id) => `${JOBS}/${encodeURIComponent(id)}`;

/** @param {Region & {most?: number, scale?: number}} values */
const query = (values) => new URLSearchParams(Object.entries(values).map(([key, value]) => [key, String(value)]));

export const api = {
  models: () => ask("/api/v1/models"),

  /** @returns {Promise<Job[]>} */
  jobs: async () => (await ask(JOBS)).jobs,

  /** @param {File} file @param {string} name @returns {Promise<Job>} */
  hold: (file, name) => ask(`${JOBS}?${new URLSearchParams({ name, hold: "1" })}`, { method: "POST", body: file }),

  /** @param {string} id @param {Options} options @returns {Promise<Job>} */
  start: (id, options) =>
    ask(`${job(id)}/start`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(options),
    }),

  /** @param {string} id */
  cancel: (id) => ask(`${job(id)}/cancel`, { method: "POST" }),

  /** @param {string} id */
  remove: (id) => ask(job(id), { method: "DELETE" }),
};

export const urls = {
  events: "/api/v1/events",
  zip: "/api/v1/results.zip",

  /** @param {string} id */
  result: (id) => `${job(id)}/result`,

  /** @param {string} id @param {"before" | "after"} side @param {number} most pixels a side */
  whole: (id, side, most) => `${job(id)}/view/${side}?most=${most}`,

  /** @param {string} id @param {"before" | "after"} side @param {Region} region @param {number} most */
  part: (id, side, region, most) => `${job(id)}/view/${side}?${query({ ...region, most })}`,

  /** @param {string} id @param {string} model @param {Region} region @param {number} scale */
  compared: (id, model, region, scale) => `${job(id)}/compare/${model}?${query({ ...region, scale })}`,
};
