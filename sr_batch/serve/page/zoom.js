/** Zoom and pan of a picture in a stage: where it lies, in pixels of the screen and of the picture. */

/** @typedef {import("./size.js").Size} Size */
/** @typedef {{left: number, top: number, width: number, height: number}} Box */

const LARGEST = 8;
const STEP = 1.5;

export class Zoom {
  /** @param {HTMLElement} stage @param {() => void} changed */
  constructor(stage, changed) {
    this.stage = stage;
    this.changed = changed;
    /** @type {Size} */
    this.size = { width: 1, height: 1 };
    /** Pixels of the screen for each pixel of the picture. */
    this.scale = 1;
    this.fitted = true;
    this.center = { x: 0.5, y: 0.5 };
  }

  /** @param {Size} size of the picture, which fills the stage at first */
  open(size) {
    this.size = size;
    this.fit();
  }

  get fitScale() {
    const { clientWidth, clientHeight } = this.stage;
    return Math.min(1, devicePixelRatio * Math.min(clientWidth / this.size.width, clientHeight / this.size.height));
  }

  get isLarger() {
    const box = this.box;
    return box.width > this.stage.clientWidth + 1 || box.height > this.stage.clientHeight + 1;
  }

  /** Where the picture lies in the stage, in CSS pixels; its edges are on whole pixels of the screen.
   * @returns {Box} */
  get box() {
    const ratio = devicePixelRatio;
    const width = this.size.width * this.scale / ratio;
    const height = this.size.height * this.scale / ratio;
    const snapped = (/** @type {number} */ value) => Math.round(value * ratio) / ratio;
    return {
      left: snapped(place(this.stage.clientWidth, width, this.center.x)),
      top: snapped(place(this.stage.clientHeight, height, this.center.y)),
      width,
      height,
    };
  }

  /** The part that is visible, as fractions of the picture. @returns {Box} */
  get visible() {
    const box = this.box;
    const left = Math.max(0, -box.left / box.width);
    const top = Math.max(0, -box.top / box.height);
    const right = Math.min(1, (this.stage.clientWidth - box.left) / box.width);
    const bottom = Math.min(1, (this.stage.clientHeight - box.top) / box.height);
    return { left, top, width: right - left, height: bottom - top };
  }

  fit() {
    this.scale = this.fitScale;
    this.fitted = true;
    this.center = { x: 0.5, y: 0.5 };
    this.changed();
  }

  /** The stage has another size now. */
  resized() {
    if (this.fitted) this.fit();
    else this.changed();
  }

  /** @param {1 | -1} direction @param {{x: number, y: number}} [at] a point of the stage that stays */
  step(direction, at) {
    this.to(this.scale * STEP ** direction, at);
  }

  /** @param {number} scale @param {{x: number, y: number}} [at] */
  to(scale, at = { x: this.stage.clientWidth / 2, y: this.stage.clientHeight / 2 }) {
    const before = this.box;
    const point = { x: (at.x - before.left) / before.width, y: (at.y - before.top) / before.height };
    // 100 % on the way is not stepped over.
    const crossesFull = (this.scale - 1) * (scale - 1) < -1e-9;
    this.scale = Math.min(LARGEST, Math.max(this.fitScale, crossesFull ? 1 : scale));
    this.fitted = this.scale <= this.fitScale;
    const { width, height } = this.box;
    this.#centerOn(at.x - point.x * width, at.y - point.y * height);
  }

  /** @param {number} x @param {number} y CSS pixels to the right and down */
  pan(x, y) {
    const box = this.box;
    this.#centerOn(box.left + x, box.top + y);
  }

  /** @param {number} left @param {number} top where the picture is to lie */
  #centerOn(left, top) {
    const { width, height } = this.box;
    this.center = {
      x: within((this.stage.clientWidth / 2 - left) / width, this.stage.clientWidth / 2 / width),
      y: within((this.stage.clientHeight / 2 - top) / height, this.stage.clientHeight / 2 / height),
    };
    this.changed();
  }
}

/** @param {number} room @param {number} length @param {number} center */
const place = (room, length, center) => (length <= room ? (room - length) / 2 : room / 2 - center * length);

/** @param {number} center @param {number} margin */
const within = (center, margin) => (margin >= 0.5 ? 0.5 : Math.min(1 - margin, Math.max(margin, center)));

/**
 * Let fingers, mouse and keys move and zoom.
 * @param {HTMLElement} surface
 * @param {Zoom} zoom
 * @param {(x: number) => void} pressed called with a place in the stage when there is nothing to move
 */
export function steer(surface, zoom, pressed) {
  /** @type {Map<number, {x: number, y: number}>} */
  const fingers = new Map();
  surface.addEventListener("pointerdown", (event) => {
    surface.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event, surface));
    if (!zoom.isLarger && fingers.size === 1) pressed(at(event, surface).x);
  });
  surface.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = at(event, surface);
    fingers.set(event.pointerId, now);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) zoom.to(zoom.scale * distance(now, other) / Math.max(1, distance(before, other)), now);
    else if (zoom.isLarger) zoom.pan(now.x - before.x, now.y - before.y);
    else pressed(now.x);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    surface.addEventListener(end, (event) => fingers.delete(/** @type {PointerEvent} */ (event).pointerId));
  }
  surface.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom.to(zoom.scale * 1.0015 ** -event.deltaY, at(event, surface));
  }, { passive: false });
  surface.addEventListener("keydown", (event) => move(event, zoom));
}

/** @param {KeyboardEvent} event @param {Zoom} zoom */
function move(event, zoom) {
  /** @type {{[key: string]: [number, number]}} */
  const ways = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] };
  const way = ways[event.key];
  if (!way) return;
  event.preventDefault();
  zoom.pan(...way);
}

/** @param {MouseEvent} event @param {HTMLElement} surface */
function at(event, surface) {
  const box = surface.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

/** @param {{x: number, y: number}} one @param {{x: number, y: number}} other */
const distance = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);
