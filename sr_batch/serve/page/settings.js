/** What the next photographs become: the form of sizes, networks, formats and further options. */

import { field, fill } from "./fields.js";
import { enlarged } from "./size.js";
import * as words from "./words.js";

/** @typedef {import("./fields.js").Option} Option */
/** @typedef {import("./size.js").Options} Options */
/** @typedef {{name: string, purpose: string, speed: string, scales: number[], precisions: string[], strengths: string, limits: string}} Model */
/** @typedef {{version: string, default: {model: string, scale: number | null}, models: Model[], options: Option[]}} Server */

const AUTO = "auto";
const OWN_FIELDS = ["scale", "width", "height", "long_edge", "short_edge", "megapixels", "only_if_smaller", "model", "format"];
const FIRST = ["quality", "metadata", "precision"];
/** @type {{[way: string]: {label: string, unit: string, usual: string, step: string}}} */
const WAYS = {
  scale: { label: "Factor", unit: "×", usual: "1.5", step: "any" },
  long_edge: { label: "Longer side in pixels", unit: "px", usual: "4000", step: "1" },
  short_edge: { label: "Shorter side in pixels", unit: "px", usual: "2160", step: "1" },
  width: { label: "Width in pixels", unit: "px", usual: "3840", step: "1" },
  height: { label: "Height in pixels", unit: "px", usual: "2160", step: "1" },
  box: { label: "Width in pixels", unit: "px wide", usual: "3840", step: "1" },
  megapixels: { label: "Megapixels", unit: "MP", usual: "12", step: "any" },
};

const form = /** @type {HTMLFormElement} */ (document.getElementById("settings"));
const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const control = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));

/** Networks worth choosing from. @param {Server} server */
export const useful = (server) =>
  server.models.filter((model) => model.name !== AUTO && !model.purpose.startsWith("comparison"));

export class Settings {
  /** @param {Server} server @param {() => void} changed */
  constructor(server, changed) {
    this.server = server;
    this.more = furtherOptions(server.options);
    fill(/** @type {HTMLSelectElement} */ (/** @type {unknown} */ (control("format"))), row(server, "format"));
    const auto = server.models.filter((model) => model.name === AUTO);
    byId("networks").append(...[...auto, ...useful(server)].map((model) => card(model, server.default.model)));
    byId("more-fields").append(...this.more.map(field).filter((each) => each !== null));
    form.addEventListener("input", (event) => this.#changed(event, changed));
    form.addEventListener("submit", (event) => event.preventDefault());
    const usual = /** @type {HTMLInputElement | null} */ (form.querySelector(`[name="size"][value="${server.default.scale}"]`));
    if (usual) usual.checked = true;
    this.#show();
  }

  /** @param {string} model */
  choose(model) {
    const radios = /** @type {RadioNodeList} */ (form.elements.namedItem("model"));
    radios.value = model;
    form.dispatchEvent(new Event("input"));
  }

  get valid() {
    return form.reportValidity();
  }

  /** The options of the next jobs: size and network, and what is not as the server has it.
   * @returns {Options} */
  get options() {
    const model = /** @type {RadioNodeList} */ (form.elements.namedItem("model")).value;
    const format = control("format").value;
    const changed = this.more.map((option) => /** @type {const} */ ([option, valueOf(option)]))
      .filter(([option, value]) => value !== option.default);
    const further = Object.fromEntries(changed.map(([option, value]) => [option.name, value]));
    if (further.strength !== undefined) return { ...size(), format, ...further };
    return { ...size(), model, format, ...further };
  }

  /** @param {import("./size.js").Size | undefined} sample a photograph, to say what its size becomes */
  showExample(sample) {
    const goal = sample && enlarged(this.options, sample);
    const unknown = sample ? "This is more than 64 times the size of a photograph here." : "";
    byId("size-example").textContent = goal ? `${words.pixels(sample)} becomes ${words.pixels(goal)}.` : unknown;
  }

  /** @param {Event} event @param {() => void} changed */
  #changed(event, changed) {
    const target = /** @type {HTMLInputElement} */ (event.target);
    if (target.name === "way") useWay(target.value);
    if (target.name === "size" && target.value === "other") useWay(control("way").value);
    this.#show();
    changed();
  }

  #show() {
    const { model, format: _, ...rest } = this.options;
    const further = this.more.filter((option) => option.name in rest);
    byId("other-size").hidden = sizeChoice() !== "other";
    byId("network-value").textContent = model === AUTO ? "Automatic" : String(model ?? "balanced and photo");
    byId("more-value").textContent = further.length ? `${words.count(further.length)} changed` : "";
  }
}

/** @param {Server} server @param {string} name @returns {Option} */
function row(server, name) {
  const found = server.options.find((option) => option.name === name);
  if (!found) throw new Error(`the server has no option ${name}`);
  return found;
}

/** @param {Option[]} options */
function furtherOptions(options) {
  const rest = options.filter((option) => !OWN_FIELDS.includes(option.name));
  const rank = (/** @type {Option} */ option) => (FIRST.indexOf(option.name) + FIRST.length + 1) % (FIRST.length + 1);
  const place = (/** @type {Option} */ option) => (FIRST.includes(option.name) ? rank(option) : FIRST.length);
  return rest.sort((one, other) => place(one) - place(other));
}

/** @param {Option} option @returns {unknown} */
function valueOf(option) {
  const input = control(option.name);
  if (!input) return option.default;
  if (input.type === "checkbox") return input.checked === (option.default === true) ? option.default : input.checked;
  if (option.kind === "choice") return input.value;
  return input.value === "" ? option.default : Number(input.value);
}

const sizeChoice = () => /** @type {RadioNodeList} */ (form.elements.namedItem("size")).value;

/** @returns {Options} */
function size() {
  const choice = sizeChoice();
  if (choice !== "other") return { scale: Number(choice) };
  const way = control("way").value;
  const amount = Number(control("amount").value);
  const only = control("only_if_smaller").checked ? { only_if_smaller: true } : {};
  if (way === "box") return { width: amount, height: Number(control("second").value), ...only };
  return { [way]: amount, ...only };
}

/** @param {string} name */
function useWay(name) {
  const way = WAYS[name];
  const amount = control("amount");
  if (amount.dataset.way !== name) amount.value = way.usual;
  amount.dataset.way = name;
  amount.step = way.step;
  amount.min = way.step === "1" ? "1" : "0.01";
  byId("amount-label").textContent = way.label;
  byId("amount-unit").textContent = way.unit;
  byId("second").hidden = name !== "box";
  control("second").required = name === "box";
}

/** @param {Pick<Model, "name" | "purpose" | "speed">} model @param {string} chosen */
function card(model, chosen) {
  const template = /** @type {HTMLTemplateElement} */ (byId("card"));
  const label = /** @type {HTMLElement} */ (template.content.cloneNode(true)).firstElementChild;
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (label?.querySelector(name));
  const radio = /** @type {HTMLInputElement} */ (part("input"));
  radio.value = model.name;
  radio.defaultChecked = model.name === chosen;
  const isAuto = model.name === AUTO;
  part(".card-name").textContent = isAuto ? "Automatic" : model.name;
  part(".card-text").textContent = sentence(model.purpose);
  part(".badge").textContent = isAuto ? "Recommended" : model.speed;
  part(".badge").hidden = !part(".badge").textContent;
  part(".badge").classList.toggle("good", isAuto);
  return /** @type {HTMLElement} */ (label);
}

/** @param {string} text */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

