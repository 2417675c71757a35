/** Files that were dropped, pasted or chosen, with the folders that they lie in. */

/**
 * @typedef {object} Found
 * @property {string} name with the folders, such as `trip/a.jpg`
 * @property {boolean} inFolder whether it was found in a folder, and not named by itself
 * @property {() => Promise<File>} open
 */

/**
 * What was dropped. Folders are read to their end, a hundred entries at a time as browsers give
 * them; no file is opened before its turn.
 * @param {DataTransfer} data
 * @returns {AsyncGenerator<Found>}
 */
export async function* dropped(data) {
  const items = [...data.items].filter((item) => item.kind === "file");
  // Only now: after the first pause, the browser empties the list.
  const entries = items.map((item) => item.webkitGetAsEntry());
  const files = items.map((item) => item.getAsFile());
  for (const [index, entry] of entries.entries()) {
    if (entry) yield* within(entry, false);
    else if (files[index]) yield found(files[index], false);
  }
}

/** @param {FileSystemEntry} entry @param {boolean} inFolder @returns {AsyncGenerator<Found>} */
async function* within(entry, inFolder) {
  if (entry.isFile) {
    const file = /** @type {FileSystemFileEntry} */ (entry);
    yield { name: entry.fullPath.slice(1), inFolder, open: () => new Promise((done, failed) => file.file(done, failed)) };
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (let some = await next(reader); some.length; some = await next(reader)) {
    for (const each of some) yield* within(each, true);
  }
}

/** @param {FileSystemDirectoryReader} reader @returns {Promise<FileSystemEntry[]>} */
const next = (reader) => new Promise((done, failed) => reader.readEntries(done, failed));

/** @param {File} file @param {boolean} inFolder @returns {Found} */
function found(file, inFolder) {
  return { name: file.webkitRelativePath || file.name, inFolder, open: async () => file };
}

/** @param {HTMLInputElement} input @returns {Found[]} */
export function chosen(input) {
  return [...(input.files ?? [])].map((file) => found(file, input.webkitdirectory));
}

/** @param {DataTransfer} data @returns {Found[]} */
export function pasted(data) {
  const clock = new Date().toTimeString().slice(0, 8).replaceAll(":", "-");
  return [...data.files].map((file) => {
    const [kind, suffix] = file.type.split("/");
    const name = file.name === "image.png" && kind === "image" ? `pasted ${clock}.${suffix}` : file.name;
    return { ...found(file, false), name };
  });
}

/**
 * Take files dropped anywhere on the page.
 * @param {HTMLElement} cover shown while files are dragged over the page
 * @param {(found: AsyncGenerator<Found> | Found[]) => void} take
 */
export function acceptDrops(cover, take) {
  const show = (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    cover.hidden = false;
  };
  window.addEventListener("dragenter", show);
  window.addEventListener("dragover", show);
  window.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) cover.hidden = true;
  });
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    cover.hidden = true;
    if (event.dataTransfer) take(dropped(event.dataTransfer));
  });
  window.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) take(pasted(event.clipboardData));
  });
}
