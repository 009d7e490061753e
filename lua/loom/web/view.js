/**
 * What a view is: types alone, so that browsers never load this.
 */

/**
 * @typedef {object} View
 * @property {HTMLElement} element
 * @property {(address: import("./address.js").Address, signal: AbortSignal, now: any) => Promise<void | (() => Promise<void>)>}
 *   update shows what the address asks for, as the data are now; `now` is what `/v1/now` answers; it may return a function that
 *   shows what can wait until this is painted
 * @property {() => void} [tick] shows what hangs on the clock alone, once a minute; it asks for nothing
 * @property {() => void} [close] ends what it does by itself
 */

/**
 * What a view's module has. `ahead` asks for what the view will ask for first (see `fresh.js`), while the page is made.
 * @typedef {{ title: string, open: () => View, ahead?: (query: URLSearchParams, signal: AbortSignal) => void }} Module
 */

export {};
