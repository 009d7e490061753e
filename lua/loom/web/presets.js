/**
 * What is in the menu of the rules by which polls are judged. It is loaded when somebody opens that.
 */

import * as address from "./address.js";
import { h } from "./h.js";
import { PRESETS } from "./words.js";

/** @param {() => void} close */
export function panel(close) {
  const chosen = address.read().query.get("preset") ?? "";
  return h("fieldset", { class: "choices" },
    h("legend", null, "How polls are judged"),
    PRESETS.map(([name, title, line]) => h("label", null,
      h("input", { type: "radio", name: "preset", value: name, checked: name === chosen,
        onchange: () => {
          close();
          address.alter({ preset: name || null });
        } }),
      h("span", null, h("b", null, title), h("small", null, line)))));
}
