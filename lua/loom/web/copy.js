/**
 * What is different where this page is a copy: files in a folder, without a service behind them, as of one instant. In it
 * `site/copy.js` takes the place of this module.
 */

/**
 * @typedef {object} Copy
 * @property {string} title of it
 * @property {string} preset by which it was made; empty: as usual
 * @property {string} rules that were chosen besides, in words
 * @property {(query: URLSearchParams) => boolean} tells whether it has figures of the stores together that an address chooses
 * @property {(asked: URLSearchParams) => Promise<void>} save has the browser keep the file of CSV that a service would send
 * @property {(name: string) => boolean} groups whether it has figures of the groups of an attribute
 */

export const copy = /** @type {Copy | null} */ (null);
