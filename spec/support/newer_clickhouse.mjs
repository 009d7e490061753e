// A server of today's ClickHouse, of the engine in the npm package chdb, which has no server: node newer_clickhouse.mjs PACKAGE FOLDER
// LOG UPSTREAM. It prints its port, and ends with its standard input. What it is asked is asked of the server at UPSTREAM, an older
// one, too, less settings that are new. The engine's answer is the one that is given. A line of JSON to each goes to LOG: the
// statement, its settings, whether both have answered the same, byte for byte (in an order of all columns, where none was asked for
// or rows are alike in that), and what either has failed with.
import { appendFileSync, unlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const [folder_of_package, folder, log, upstream] = process.argv.slice(2);
const { Session } = createRequire(import.meta.url)(folder_of_package);
const session = new Session(`${folder}/data`);

const of_http = new Set(["database", "query", "wait_end_of_query", "buffer_size"]);
const are_new = new Set(["async_insert", "insert_quorum_parallel"]);

async function ask_older(url, body) {
  const parameters = new URLSearchParams(url.searchParams);
  for (const name of are_new) parameters.delete(name);
  const response = await fetch(`${upstream}/?${parameters}`, { method: "POST", body });
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
}

async function run(sql, format) {
  const pieces = [];
  for await (const piece of session.queryStream(sql, { format })) pieces.push(Buffer.from(piece.raw()));
  return Buffer.concat(pieces);
}

async function ask_newer(url, body) {
  const query = url.searchParams.get("query"), database = url.searchParams.get("database") ?? "default";
  try {
    session.query(`USE ${database}`);
    for (const [name, value] of url.searchParams) if (!of_http.has(name)) session.query(`SET ${name} = ${value}`);
    if (!query) {
      const sql = body.toString();
      const format = /FORMAT (\w+)\s*$/.exec(sql)?.[1];
      return { status: 200, bytes: format ? await run(sql, format) : Buffer.from(session.query(sql) ?? "") };
    }
    const file = `${folder}/data.of.insert`;
    writeFileSync(file, body);
    session.query(query.replace(" FORMAT ", ` FROM INFILE '${file}' FORMAT `));
    unlinkSync(file);
    return { status: 200, bytes: Buffer.alloc(0) };
  } catch (error) {
    return { status: 500, bytes: Buffer.from(/Code: \d+[^]*/.exec(error.message)?.[0] ?? error.message) };
  }
}

// The same question in an order by all of its columns, behind the one that it has, which may leave rows beside one another.
function in_order(sql) {
  const [, columns, rest, format] = /^SELECT (?:DISTINCT )?(.*?)( FROM [^]*)( FORMAT \w+)$/.exec(sql) ?? [];
  if (!columns) return sql;
  const has_one = / ORDER BY [^)]*$/.test(rest);
  return sql.slice(0, -format.length) + (has_one ? ", " : " ORDER BY ") + columns + format;
}

async function are_same(url, body, older, newer) {
  if (older.status !== newer.status || older.bytes.length !== newer.bytes.length) return false;
  if (older.bytes.equals(newer.bytes)) return true;
  if (url.searchParams.has("query")) return false;
  const ordered = Buffer.from(in_order(body.toString()));
  const [a, b] = [await ask_older(url, ordered), await ask_newer(url, ordered)];
  return a.status === 200 && b.status === 200 && a.bytes.equals(b.bytes);
}

async function answer(request, response, body) {
  const url = new URL(request.url, "http://localhost");
  const [older, newer] = [await ask_older(url, body), await ask_newer(url, body)];
  const failed = [older, newer].filter((it) => it.status !== 200).map((it) => it.bytes.toString().slice(0, 300));
  const same = await are_same(url, body, older, newer);
  appendFileSync(log, JSON.stringify({
    sql: url.searchParams.get("query") ?? body.toString(),
    settings: Object.fromEntries([...url.searchParams].filter(([name]) => !of_http.has(name))),
    same, failed: failed.join("; ") || undefined,
  }) + "\n");
  response.writeHead(newer.status).end(newer.bytes);
}

// One at a time: the session has one database at hand.
let last = Promise.resolve();
const server = createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    last = last.then(() => answer(request, response, Buffer.concat(pieces))).catch((error) => {
      appendFileSync(log, JSON.stringify({ sql: "", failed: String(error) }) + "\n");
      response.destroy();
    });
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit()).resume();
