/**
 * What this copy has: see `copy.js` beside its folder.
 */

import * as address from "../address.js";
import { save } from "../csv.js";
import { fleet } from "./files.js";

/** @type {import("../copy.js").Copy} */
export const copy = {
  title: fleet.title ?? "Loom",
  preset: fleet.rules.preset,
  rules: fleet.rules.changed.join(", "),
  save: async (asked) => {
    const { csv } = await import("./sheet.js");
    save("stores.csv", await csv(asked));
  },
  tells: (query) => address.choice(query).size === 0,
  groups: (name) => Object.hasOwn(fleet.groups, name),
};
