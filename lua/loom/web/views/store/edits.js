/**
 * Opens dialogs that change something of a store. They are loaded when the first one is opened, since most who look change
 * nothing.
 */

import * as notice from "../../notice.js";

/**
 * @template {keyof typeof import("./edit/index.js").edits} Name
 * @typedef {typeof import("./edit/index.js").edits[Name] extends (data: any, ...given: infer Given) => any ? Given : never} Given
 */

/**
 * @template {keyof typeof import("./edit/index.js").edits} Name
 * @param {import("../store.js").Data} data
 * @param {Name} name
 * @param {Given<Name>} given
 */
export async function open(data, name, ...given) {
  try {
    const [{ dialog }, { edits, of }] = await Promise.all([import("../../dialog.js"), import("./edit/index.js")]);
    const make = /** @type {(data: any, ...given: any[]) => any} */ (edits[name]);
    dialog(of(data, await make(data, ...given)), data.again);
  } catch (error) {
    notice.tell(error instanceof Error ? error.message : String(error));
  }
}
