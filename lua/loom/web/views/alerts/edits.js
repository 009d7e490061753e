/**
 * Opens dialogs that change something of alerts. They are loaded when the first one is opened, since most who look change
 * nothing.
 */

import * as address from "../../address.js";
import * as notice from "../../notice.js";

/**
 * @param {() => Promise<import("../../dialog.js").Edit>} make loads what is changed, and makes its fields
 * @param {() => void} [done] called when it is saved; otherwise the view is shown anew
 */
export async function edit(make, done) {
  try {
    const [{ dialog }, made] = await Promise.all([import("../../dialog.js"), make()]);
    dialog(made, done ?? address.renew);
  } catch (error) {
    tell(error);
  }
}

/** @param {unknown} error */
function tell(error) {
  notice.tell(error instanceof Error ? error.message : String(error));
}

/**
 * Has something changed that needs no fields, and tells what has been done.
 * @param {() => Promise<unknown>} change
 * @param {string} done
 */
export async function act(change, done) {
  try {
    await change();
    notice.tell(done);
    address.renew();
  } catch (error) {
    tell(error);
  }
}
