/** Numbers, sizes and times as the browser's language writes them. */

const languages = navigator.languages;

/** To make one takes a browser long, and lists have thousands of numbers. @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** @param {Intl.NumberFormatOptions} options */
function format(options) {
  const key = Object.values(options).join();
  const made = formats.get(key) ?? new Intl.NumberFormat(languages, options);
  formats.set(key, made);
  return made;
}

const whole = format({ maximumFractionDigits: 0 });
const precise = format({ maximumFractionDigits: 2 });
const moments = new Intl.DateTimeFormat(languages, { dateStyle: "medium", timeStyle: "short" });
const percents = format({ style: "percent", maximumFractionDigits: 0 });
const BYTE_UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
const TIME_UNITS = /** @type {const} */ ([["hour", 3600], ["minute", 60], ["second", 1]]);

/** @param {number} number */
export const count = (number) => whole.format(number);

/** @param {number} number */
export const decimal = (number) => precise.format(number);

/** @param {number} fraction */
export const percent = (fraction) => percents.format(fraction);

/** @param {{width: number, height: number}} size */
export const pixels = (size) => `${count(size.width)} × ${count(size.height)}`;

/** @param {number} number @param {string} one @param {string} many */
export const counted = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;

/** @param {number} number */
export const photographs = (number) => counted(number, "photograph", "photographs");

/** @param {number} size in bytes */
export function bytes(size) {
  const power = size < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(size) / 3));
  const value = size / 1000 ** power;
  const digits = power < 2 || value >= 100 ? 0 : 1;
  const unitDisplay = power ? "short" : "long"; // "5 byte" would be the short form in English
  return format({ style: "unit", unit: BYTE_UNITS[power], unitDisplay, maximumFractionDigits: digits }).format(value);
}

/** @param {number} seconds */
export function duration(seconds) {
  const [unit, length] = TIME_UNITS.find(([, length]) => seconds >= 1.5 * length) ?? ["second", 1];
  const value = Math.max(seconds / length, 0.1);
  const digits = unit === "hour" || value < 10 && unit === "second" ? 1 : 0;
  return format({ style: "unit", unit, maximumFractionDigits: digits }).format(value);
}

/** @param {string} moment in ISO 8601 */
export const moment = (moment) => moments.format(new Date(moment));
