// Holds responses against an OpenAPI document, for all specs of a run: node openapi.mjs MODULES ASKED ANSWERED
// ASKED and ANSWERED are named pipes. What is asked is the path of a folder with the document, openapi.json, and responses,
// lines: each a line of JSON: method, target, status, type (its media type) and body. What is answered is "good", or what is wrong.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const [modules, asked, answered] = process.argv.slice(2);
const load = createRequire(pathToFileURL(resolve(modules, "here.js")));

const absolute = (schema) => JSON.parse(JSON.stringify(schema).replaceAll('"#/components/schemas/', '"http://loom/schemas/'));

// What a document says of a response: a function that returns what is wrong with one, or null.
const checkerOf = (document) => {
  const Ajv = load("ajv/dist/2020.js").default;
  const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
  load("ajv-formats").default(ajv);
  for (const [name, schema] of Object.entries(document.components.schemas))
    ajv.addSchema({ ...absolute(schema), $id: `http://loom/schemas/${name}` });

  const validators = new Map();
  const validatorOf = (schema) => {
    const key = JSON.stringify(schema);
    if (!validators.has(key)) validators.set(key, ajv.compile(absolute(schema)));
    return validators.get(key);
  };

  const templates = Object.keys(document.paths)
    .map((path) => ({ path, pattern: new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{[^}]+\}/g, "[^/]+")}$`) }))
    .sort((a, b) => a.path.split("{").length - b.path.split("{").length);

  // What is at no path, or allows no such method, still answers with a problem.
  const problem = { content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } } };

  return ({ method, target, status, type, body }) => {
    const template = templates.find(({ pattern }) => pattern.test(target.split("?")[0]));
    const operation = template && document.paths[template.path][method.toLowerCase()];
    const response = operation ? operation.responses[status] ?? operation.responses.default : problem;
    const mediaType = type.split(";")[0];
    if (!response.content) return body === "" ? null : "has a body, and should have none";
    if (!response.content[mediaType]) return `has the media type "${mediaType}"`;
    if (!/[/+]json$/.test(mediaType)) return null;
    const validate = validatorOf(response.content[mediaType].schema);
    return validate(JSON.parse(body)) ? null : ajv.errorsText(validate.errors);
  };
};

// The document that was held against the specification last, all services having the same one, with its checker.
let known = { text: null, wrong: [], check: null };

const know = async (text) => {
  if (text === known.text) return;
  const { Validator } = await import(pathToFileURL(load.resolve("@seriousme/openapi-schema-validator")));
  const document = JSON.parse(text);
  const verdict = await new Validator().validate(document);
  known = { text, wrong: verdict.valid ? [] : [`the document: ${JSON.stringify(verdict.errors)}`], check: checkerOf(document) };
};

const hold = async (folder) => {
  await know(readFileSync(`${folder}/openapi.json`, "utf8"));
  const problems = [...known.wrong];
  for (const line of readFileSync(`${folder}/lines`, "utf8").split("\n").filter(Boolean)) {
    const seen = JSON.parse(line);
    const wrong = known.check(seen);
    if (wrong) problems.push(`${seen.method} ${seen.target} ${seen.status}: ${wrong}: ${seen.body.slice(0, 500)}`);
  }
  return problems.length ? problems.join("\n") : "good";
};

for (;;) {
  const folder = readFileSync(asked, "utf8").trim();
  writeFileSync(answered, `${await hold(folder).catch((error) => error.stack)}\n`);
}
