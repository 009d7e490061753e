/**
 * What the wall shows: for each store a row of cells, as letters (see `words.js`).
 */

/** From the best to the worst: where cells merge, the worst of them is seen. */
export const RANKS = "cuxnpd";

const RANK_OF = new Uint8Array(128);
[...RANKS].forEach((letter, rank) => {
  RANK_OF[letter.charCodeAt(0)] = rank;
});

/**
 * @typedef {object} Grid
 * @property {number} bins cells of a row
 * @property {number} from instant, in milliseconds
 * @property {number} to
 * @property {string[]} ids of the stores, in their order
 * @property {(string | null)[]} values of what they are grouped by
 * @property {Uint8Array} ranks of all cells, row by row: places in `RANKS`
 * @property {any} head what the service says of it
 */

/** @param {string} text percent-encoded where it has what would end a line */
function plain(text) {
  try {
    return decodeURIComponent(text);
  } catch { // bytes that are no UTF-8
    return text;
  }
}

/**
 * Puts the ranks of a line's letters, which may be runs such as 12u3d, and tells where it has no more of them.
 * @param {string} line
 * @param {Uint8Array} ranks
 * @param {number} at
 */
function take(line, ranks, at) {
  let count = 0;
  let place = 0;
  for (; place < line.length && line[place] !== "\t"; place++) {
    const code = line.charCodeAt(place);
    if (code < 58) { // a digit
      count = count * 10 + code - 48;
    } else if (count) {
      ranks.fill(RANK_OF[code], at, at += count);
      count = 0;
    } else {
      ranks[at++] = RANK_OF[code];
    }
  }
  return place;
}

const TURN = 2000; // lines after which others have their turn: some milliseconds

/** Lets others have theirs, such as whoever types or scrolls. */
function turn() {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = done;
    port2.postMessage(null);
  });
}

/**
 * Reads what `/v1/strips` answers: a line of JSON, then a line a store, without ids where it is compact.
 * @param {string} text
 * @param {(value: number | string) => number} instant
 * @param {AbortSignal} signal
 * @returns {Promise<Grid>}
 */
export async function parse(text, instant, signal) {
  const lines = text.split("\n");
  const head = JSON.parse(lines[0]);
  const count = lines.length - 1 - (lines[lines.length - 1] === "" ? 1 : 0);
  const { bins } = head;
  const ranks = new Uint8Array(count * bins);
  const ids = [];
  const values = [];
  for (let row = 0; row < count; row++) {
    if (row % TURN === TURN - 1) {
      await turn();
      signal.throwIfAborted();
    }
    const line = lines[row + 1];
    const [id, value] = line.slice(take(line, ranks, row * bins) + 1).split("\t");
    ids.push(plain(id));
    values.push(value === undefined || value === "" ? null : plain(value));
  }
  return { bins, from: instant(head.from), to: instant(head.to), ids, values, ranks, head };
}

/**
 * Rows that stand together because they have the same value.
 * @param {Grid} grid
 * @returns {{ value: string | null, from: number, to: number }[]}
 */
export function groups({ values }) {
  const list = [];
  for (let from = 0, to = 0; from < values.length; from = to) {
    while (to < values.length && values[to] === values[from]) {
      to++;
    }
    list.push({ value: values[from], from, to });
  }
  return list;
}

/**
 * Of each row of pixels, in which `each` stores merge, the worst rank of every cell and the share of the stores that have it, of
 * 255.
 * @param {Grid} grid
 * @param {number} first store
 * @param {number} rows of pixels
 * @param {number} each
 */
export function merged({ ranks, bins, ids }, first, rows, each) {
  const worst = new Uint8Array(rows * bins);
  const share = new Uint8Array(rows * bins).fill(255);
  for (let row = 0; row < rows; row++) {
    const from = first + row * each;
    const to = Math.min(from + each, ids.length);
    for (let bin = 0; bin < bins && from < to; bin++) {
      let rank = ranks[from * bins + bin];
      let having = 1;
      for (let store = from + 1; store < to; store++) {
        const other = ranks[store * bins + bin];
        if (other === rank) {
          having++;
        } else if (other > rank) {
          rank = other;
          having = 1;
        }
      }
      worst[row * bins + bin] = rank;
      share[row * bins + bin] = Math.ceil(having * 255 / (to - from));
    }
  }
  return { worst, share };
}
