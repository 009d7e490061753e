/**
 * Rows of a long list, asked for in pages as they are needed.
 */

/** Rows that are asked for at a time. */
export const PAGE = 100;

const KEPT = 60; // pages

/** @typedef {(offset: number, limit: number, signal: AbortSignal) => Promise<{ total: number, rows: any[] }>} Load */

/** @param {Load} load */
export function paged(load) {
  /** @type {Map<number, any[]>} */
  let pages = new Map();
  let total = 0;
  let signal = new AbortController().signal;

  /**
   * @param {Map<number, any[]>} into
   * @param {number} page
   */
  async function take(into, page) {
    const asked = signal;
    const found = await load(page * PAGE, PAGE, asked);
    asked.throwIfAborted();
    into.set(page, found.rows);
    total = found.total;
    if (into.size > KEPT) {
      into.delete(/** @type {number} */ (into.keys().next().value));
    }
  }

  /**
   * @param {number} from
   * @param {number} to
   */
  function* between(from, to) {
    for (let page = Math.floor(from / PAGE); page === 0 || page * PAGE < to; page++) {
      yield page;
    }
  }

  return {
    total: () => total,

    /** @param {number} index */
    at: (index) => pages.get(Math.floor(index / PAGE))?.[index % PAGE],

    /**
     * Asks for what is not there of the rows from one to below another. Whether there was any.
     * @param {number} from
     * @param {number} to
     */
    async complete(from, to) {
      let some = false;
      for (const page of between(from, to)) {
        if (!pages.has(page) && page * PAGE < Math.max(total, 1)) {
          await take(pages, page);
          some = true;
        }
      }
      return some;
    },

    /**
     * Asks for those rows anew, and forgets all others; those that there were stay until the new ones are there.
     * @param {number} from
     * @param {number} to
     * @param {AbortSignal} asked ends this, and what is asked for later on
     */
    async renew(from, to, asked) {
      signal = asked;
      const fresh = new Map();
      for (const page of between(from, to)) {
        await take(fresh, page);
      }
      pages = fresh;
    },
  };
}
