/** How large an output becomes: the arithmetic of the command line, to show it before work starts. */

/** @typedef {{width: number, height: number}} Size */
/** @typedef {{[name: string]: unknown}} Options */

const LARGEST_FACTOR = 64;

/**
 * Output side / input side.
 * @param {Options} options
 * @param {Size} size
 */
export function factor(options, size) {
  const sides = wanted(options, size);
  if (!sides.length) return Number(options.scale ?? 2);
  const least = Math.min(...sides);
  return options.only_if_smaller ? Math.max(1, least) : least;
}

/** @param {Options} options @param {Size} size @returns {number[]} */
function wanted(options, size) {
  const long = Math.max(size.width, size.height);
  const short = Math.min(size.width, size.height);
  const sides = [
    [options.width, size.width],
    [options.height, size.height],
    [options.long_edge, long],
    [options.short_edge, short],
  ].filter(([goal]) => goal).map(([goal, side]) => Number(goal) / Number(side));
  const area = Number(options.megapixels) * 1e6;
  return area ? [...sides, Math.sqrt(area / (size.width * size.height))] : sides;
}

/**
 * The planned output; null if the size is not one that the server takes.
 * @param {Options} options
 * @param {Size} size
 * @returns {Size | null}
 */
export function enlarged(options, size) {
  const times = factor(options, size);
  if (!(times > 0) || times > LARGEST_FACTOR) return null;
  const side = (/** @type {number} */ pixels) => Math.max(1, Math.floor(pixels * times + 0.5));
  return { width: side(size.width), height: side(size.height) };
}
