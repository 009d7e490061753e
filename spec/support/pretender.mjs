// Servers that are no ClickHouse and say that all is well: node pretender.mjs MODE... prints a port for each. Modes: `page` (one of HTML),
// `empty`, `echo` (what was sent), `zeros` (a page of NULs), `silent` (no answer), `endless` (an answer without an end),
// `note` (a page; what it was asked is a line of the file of the environment's PRETENDER_NOTES, JSON of `url` and `headers`).
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";

const answers = {
  page: (response) => response.end("<html><body>It works!</body></html>\n"),
  note: (response, body, { url, headers }) => {
    appendFileSync(process.env.PRETENDER_NOTES, JSON.stringify({ url, headers }) + "\n");
    response.end("noted");
  },
  empty: (response) => response.end(),
  echo: (response, body) => response.end(body),
  zeros: (response) => response.end(Buffer.alloc(4096)),
  silent: () => {},
  endless: (response) => {
    const more = Buffer.alloc(1 << 20, "ClickHouse 1.1\n");
    const go = () => { while (response.writable && response.write(more)); };
    response.on("drain", go);
    response.on("error", () => {});
    go();
  },
};

const ports = await Promise.all(process.argv.slice(2).map((mode) => new Promise((resolve) => {
  const server = createServer((request, response) => {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => answers[mode](response, Buffer.concat(pieces), request));
  });
  server.listen(0, "127.0.0.1", () => resolve(server.address().port));
})));
console.log(ports.join(" "));
setTimeout(() => process.exit(), 900000);
