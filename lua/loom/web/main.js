/**
 * What the page begins with: it asks for what is to be seen first, and is made while the service answers.
 */

import * as address from "./address.js";
import * as fresh from "./fresh.js";
import { load } from "./load.js";
import * as session from "./session.js";

// The page asks for the same, and is told what fails.
async function ask() {
  const { view, query } = address.read();
  const { signal } = new AbortController();
  fresh.get("v1/now", address.now(query), signal).catch(() => {});
  const { module } = await load(view); // which is there: see `loom.http.ui`
  module.ahead?.(query, signal);
}

async function begin() {
  if (session.isTold()) {
    await ask().catch(() => {});
  }
  const { start } = await import("./page.js");
  start();
}

begin();
