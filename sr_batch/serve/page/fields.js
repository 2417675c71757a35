/** Fields of the settings, made from the server's table of options. */

/**
 * @typedef {object} Option
 * @property {string} name
 * @property {string} help
 * @property {"choice" | "integer" | "number" | "flag" | "text" | "size"} kind
 * @property {string[] | null} choices
 * @property {number | null} least
 * @property {number | null} most
 * @property {unknown} default
 * @property {string} panel
 */

/** @type {{[name: string]: string}} */
const LABELS = {
  quality: "Quality", metadata: "Metadata", precision: "Precision", strength: "Noise removal",
  mode: "Color", color_lock: "Keep the colors of the photograph", self_ensemble: "Average eight orientations",
  png_effort: "PNG files", verify: "Check every result",
};
/** @type {{[name: string]: string}} */
const CHOICES = {
  "metadata keep": "Keep all", "metadata no-gps": "Remove the location", "metadata strip": "Remove all",
  "precision auto": "Automatic", "mode auto": "As trained", "mode rgb": "All channels", "mode y": "Luma only",
  "png_effort fast": "Quick to write", "png_effort small": "Small",
  "format keep": "Same as the photograph", "format jpg": "JPEG", "format png": "PNG", "format webp": "WebP",
  "format tif": "TIFF", "format bmp": "BMP", "format gif": "GIF", "format avif": "AVIF", "format heic": "HEIC",
  "format jxl": "JPEG XL",
};
/** @type {{[name: string]: string}} */
const HELPS = {
  metadata: "EXIF, XMP and IPTC. Color profiles and DPI always stay.",
  precision: "Automatic: the quickest that loses at most 0.1 dB on this computer.",
  quality: "Of JPEG, WebP, AVIF, HEIC and JPEG XL files.",
  strength: "From the network balanced (0) to photo (1), instead of one network.",
};

/** @param {string} name @param {string} choice */
export const choiceLabel = (name, choice) => CHOICES[`${name} ${choice}`] ?? choice;

/** @param {HTMLSelectElement} select @param {Option} option */
export function fill(select, option) {
  const choices = (option.choices ?? []).map((choice) => new Option(choiceLabel(option.name, choice), choice));
  select.replaceChildren(...choices);
  select.value = String(option.default);
}

/** @param {Option} option @returns {HTMLElement | null} null for what has no field */
export function field(option) {
  const make = { choice: choiceField, integer: numberField, number: numberField, flag: flagField };
  return make[/** @type {"choice"} */ (option.kind)]?.(option) ?? null;
}

/** @param {Option} option */
function choiceField(option) {
  const select = document.createElement("select");
  select.name = option.name;
  fill(select, option);
  return labelled(option, select);
}

/** @param {Option} option */
function numberField(option) {
  const input = document.createElement("input");
  const bounded = option.least !== null && option.most !== null;
  const known = option.default !== null;
  input.type = bounded && known ? "range" : "number";
  input.name = option.name;
  input.step = option.kind === "integer" ? "1" : "any";
  if (option.kind !== "integer" && bounded) input.step = "0.05";
  if (option.least !== null) input.min = String(option.least);
  if (option.most !== null) input.max = String(option.most);
  if (known) input.defaultValue = String(option.default);
  else input.placeholder = "Off";
  return labelled(option, input, input.type === "range" ? follower(input) : null);
}

/** @param {Option} option */
function flagField(option) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  label.className = "check";
  input.type = "checkbox";
  input.name = option.name;
  input.defaultChecked = option.default === true;
  label.append(input, text("span", title(option)));
  label.title = option.help;
  return label;
}

/** The text that shows the value of a slider. @param {HTMLInputElement} input */
function follower(input) {
  const output = text("output", input.value);
  input.addEventListener("input", () => (output.textContent = input.value));
  return output;
}

/** @param {Option} option @param {HTMLElement} control @param {HTMLElement | null} [value] */
function labelled(option, control, value = null) {
  const label = document.createElement("label");
  label.className = "field";
  const name = text("span", title(option));
  name.className = "label";
  if (value) name.append(value);
  const help = text("span", HELPS[option.name] ?? option.help);
  help.className = "small";
  label.append(name, control, help);
  return label;
}

/** @param {Option} option */
function title(option) {
  const plain = option.name.replaceAll("_", " ");
  return LABELS[option.name] ?? plain[0].toUpperCase() + plain.slice(1);
}

/** @param {string} tag @param {string} content */
function text(tag, content) {
  const element = document.createElement(tag);
  element.textContent = content;
  return element;
}
