/** One of the two pictures in the viewer: the whole of it, and a sharp part where that is too coarse. */

import { urls } from "./api.js";

/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./size.js").Size} Size */
/** @typedef {import("./zoom.js").Box} Box */

const MOST = 2048; // pixels a side that the server sends for the whole picture
const PAUSE = 120; // milliseconds without movement before a sharp part is asked for
const NOTHING = { width: 1, height: 1 };
const MARGIN = 0.15; // of the visible part, on each side

export class Layer {
  /** @param {HTMLElement} element @param {"before" | "after"} side */
  constructor(element, side) {
    this.element = element;
    this.side = side;
    this.whole = /** @type {HTMLImageElement} */ (element.querySelector(".whole"));
    this.detail = /** @type {HTMLImageElement} */ (element.querySelector(".detail"));
    /** @type {Size} */
    this.size = NOTHING;
    this.id = "";
    this.version = "";
    /** @type {Box | null} The part in `detail`, in pixels of the picture. */
    this.part = null;
    /** Pixels of `detail` for each pixel of the picture; below 1 if the server had to reduce it. */
    this.sharpness = 1;
    this.asked = 0;
    /** @type {HTMLImageElement | null} */
    this.pending = null;
    this.timer = 0;
  }

  /** @param {Job} job */
  open(job) {
    this.close();
    this.id = job.id;
    this.size = (this.side === "before" ? job.input : job.output) ?? NOTHING;
    // A result that was made again has the address of the one before, which browsers still show.
    this.version = `&version=${job.output?.bytes}-${job.seconds}`;
    this.whole.src = urls.whole(job.id, this.side, MOST) + this.version;
  }

  close() {
    clearTimeout(this.timer);
    this.asked += 1;
    this.#ask(null);
    this.part = null;
    this.detail.hidden = true;
    this.detail.removeAttribute("src");
    this.whole.removeAttribute("src");
  }

  /** @param {Box} box where the picture lies @param {Box} visible fractions of it */
  show(box, visible) {
    lay(this.whole, box);
    const scale = box.width / this.size.width;
    if (this.part) lay(this.detail, partOf(box, this.part, this.size));
    clearTimeout(this.timer);
    const coarse = scale * devicePixelRatio * Math.max(this.size.width, this.size.height) > MOST * 1.01;
    const enough = this.covers(visible) && Math.min(1, scale * devicePixelRatio) <= this.sharpness * 1.01;
    if (coarse && this.isReduced && !enough) this.timer = setTimeout(() => this.#sharpen(visible), PAUSE);
  }

  /** Ask for one part at a time: the server stops what nobody waits for. @param {HTMLImageElement | null} image */
  #ask(image) {
    this.pending?.removeAttribute("src");
    this.pending = image;
  }

  get isReduced() {
    return Math.max(this.size.width, this.size.height) > MOST;
  }

  /** @param {Box} visible */
  covers(visible) {
    const part = this.part;
    if (!part) return false;
    const { width, height } = this.size;
    return part.left <= Math.ceil(visible.left * width) && part.top <= Math.ceil(visible.top * height)
      && part.left + part.width >= Math.floor((visible.left + visible.width) * width)
      && part.top + part.height >= Math.floor((visible.top + visible.height) * height);
  }

  /** @param {Box} visible */
  async #sharpen(visible) {
    const asked = (this.asked += 1);
    const part = around(visible, this.size);
    const image = new Image();
    this.#ask(image);
    image.src = urls.part(this.id, this.side, part, 2 * MOST) + this.version;
    await image.decode().catch(() => null);
    if (asked !== this.asked || !image.naturalWidth) return;
    this.part = part;
    this.sharpness = image.naturalWidth / part.width;
    this.detail.src = image.src;
    this.detail.hidden = false;
    this.element.dispatchEvent(new Event("sharper", { bubbles: true }));
  }
}

/** @param {HTMLElement} element @param {Box} box */
function lay(element, box) {
  element.style.left = `${box.left}px`;
  element.style.top = `${box.top}px`;
  element.style.width = `${box.width}px`;
  element.style.height = `${box.height}px`;
}

/** @param {Box} box @param {Box} part @param {Size} size @returns {Box} */
function partOf(box, part, size) {
  const [across, down] = [box.width / size.width, box.height / size.height];
  return { left: box.left + part.left * across, top: box.top + part.top * down, width: part.width * across, height: part.height * down };
}

/** The visible part with a margin, in whole pixels. @param {Box} visible @param {Size} size @returns {Box} */
function around(visible, size) {
  const left = Math.max(0, Math.floor((visible.left - MARGIN * visible.width) * size.width));
  const top = Math.max(0, Math.floor((visible.top - MARGIN * visible.height) * size.height));
  const right = Math.min(size.width, Math.ceil((visible.left + (1 + MARGIN) * visible.width) * size.width));
  const bottom = Math.min(size.height, Math.ceil((visible.top + (1 + MARGIN) * visible.height) * size.height));
  return { left, top, width: right - left, height: bottom - top };
}
