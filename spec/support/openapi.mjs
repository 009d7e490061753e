// Holds responses against an OpenAPI document: node openapi.mjs MODULES DOCUMENT RESPONSES
// A response is a line of JSON: method, target, status, type (its media type) and body.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const [modules, documentPath, responsesPath] = process.argv.slice(2);
const load = createRequire(pathToFileURL(resolve(modules, "here.js")));
const Ajv = load("ajv/dist/2020.js").default;
const addFormats = load("ajv-formats").default;
const { Validator } = await import(pathToFileURL(load.resolve("@seriousme/openapi-schema-validator")));

const document = JSON.parse(readFileSync(documentPath, "utf8"));
const problems = [];

const verdict = await new Validator().validate(document);
if (!verdict.valid) problems.push(`the document: ${JSON.stringify(verdict.errors)}`);

const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
addFormats(ajv);
const absolute = (schema) => JSON.parse(JSON.stringify(schema).replaceAll('"#/components/schemas/', '"http://loom/schemas/'));
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

const check = ({ method, target, status, type, body }) => {
  const template = templates.find(({ pattern }) => pattern.test(target.split("?")[0]));
  const operation = template && document.paths[template.path][method.toLowerCase()];
  // What is at no path, or allows no such method, still answers with a problem.
  const response = operation ? operation.responses[status] ?? operation.responses.default : { content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } } };
  const mediaType = type.split(";")[0];
  if (!response.content) return body === "" ? null : "has a body, and should have none";
  if (!response.content[mediaType]) return `has the media type "${mediaType}"`;
  if (!/[/+]json$/.test(mediaType)) return null;
  const validate = validatorOf(response.content[mediaType].schema);
  return validate(JSON.parse(body)) ? null : ajv.errorsText(validate.errors);
};

for (const line of readFileSync(responsesPath, "utf8").split("\n").filter(Boolean)) {
  const seen = JSON.parse(line);
  const wrong = check(seen);
  if (wrong) problems.push(`${seen.method} ${seen.target} ${seen.status}: ${wrong}: ${seen.body.slice(0, 500)}`);
}

console.log(problems.length ? problems.join("\n") : "good");
