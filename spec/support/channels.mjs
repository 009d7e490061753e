// What receivers would say of payloads: node channels.mjs MODULES SCHEMAS PAYLOADS prints what is wrong, a line each.
// PAYLOADS is lines of JSON: kind, body, limit (bytes), and of a signed webhook key (Base64), id, timestamp and signature.
import { readFileSync } from "node:fs";
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const [modules, schemas, payloads] = process.argv.slice(2);
const load = createRequire(pathToFileURL(resolve(modules, "here.js")));
const Ajv = load("ajv/dist/2020.js").default;
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
load("ajv-formats").default(ajv);

const checkers = new Map();
const checkerOf = (kind) => {
  if (!checkers.has(kind)) checkers.set(kind, ajv.compile(JSON.parse(readFileSync(`${schemas}/${kind}.json`, "utf8"))));
  return checkers.get(kind);
};

readFileSync(payloads, "utf8").trim().split("\n").forEach((line, i) => {
  const { kind, body, limit, key, id, timestamp, signature } = JSON.parse(line);
  const say = (wrong) => console.log(`${i + 1} ${kind}: ${wrong}: ${body.slice(0, 300)}`);
  const check = checkerOf(kind);
  try {
    if (!check(JSON.parse(body))) say(ajv.errorsText(check.errors));
  } catch (error) {
    say(error.message);
  }
  if (limit && Buffer.byteLength(body) > limit) say(`${Buffer.byteLength(body)} bytes`);
  if (signature) {
    const expected = createHmac("sha256", Buffer.from(key, "base64")).update(`${id}.${timestamp}.${body}`).digest("base64");
    if (signature !== `v1,${expected}`) say("the signature is another");
  }
});
