/**
 * What to do where there are no polls yet. It is loaded where that is so.
 */

import * as address from "./address.js";
import { h } from "./h.js";

export function welcome() {
  return h("section", { class: "panel welcome" },
    h("h1", null, "No polls yet"),
    h("p", null, "Loom shows how stores fare as soon as it knows when they were active. Load the files from a shell, beside the ",
      "running service:"),
    h("pre", null, h("code", null, "loom ingest DATABASE store_status.csv menu_hours.csv timezones.csv")),
    h("p", null, "or send polls as they come:"),
    h("pre", null, h("code", null, "curl -H 'Content-Type: application/json' ", new URL("../v1/polls", location.href).href,
      " \\\n  -d '{\"store_id\": \"1\", \"status\": \"active\"}'")),
    h("p", null, "or ", h("a", { href: address.href("data") }, "upload files here"), "."));
}
