// Stands before servers and holds back what they are sent: node holder.mjs FOLDER UPSTREAM... prints a port for each, and ends with its
// standard input. While there is FOLDER/hold, with a table and a word of its rows, such as "ledger commit", or a table alone, such
// inserts wait: there is held.1, held.2 … in FOLDER, until there is release.1, release.2 …, also when who has sent it is gone. What
// it is answered then is in released.1, released.2 ….
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, request as ask } from "node:http";

const [folder, ...upstreams] = process.argv.slice(2);
let held = 0;

const put = (name, text) => {
  writeFileSync(`${folder}/${name}.new`, text);
  renameSync(`${folder}/${name}.new`, `${folder}/${name}`);
};

const until_there = (name) => new Promise((resolve) => {
  const timer = setInterval(() => existsSync(`${folder}/${name}`) && (clearInterval(timer), resolve()), 10);
});

function is_to_be_held(url, body) {
  if (!existsSync(`${folder}/hold`)) return false;
  const [table, word] = readFileSync(`${folder}/hold`, "utf8").trim().split(" ");
  return decodeURIComponent(url).includes(`INSERT INTO ${table} `) && (!word || body.includes(word));
}

async function pass(upstream, request, body, response) {
  const number = is_to_be_held(request.url, body) ? ++held : 0;
  if (number) {
    put(`held.${number}`, "");
    await until_there(`release.${number}`);
  }
  const { headers, method } = request;
  const onward = ask(upstream + request.url, { method, headers: { ...headers, connection: "close" } }, (answer) => {
    const pieces = [];
    answer.on("data", (piece) => pieces.push(piece));
    answer.on("end", () => {
      if (number) put(`released.${number}`, `${answer.statusCode}\n`);
      response.writeHead(answer.statusCode).end(Buffer.concat(pieces));
    });
  });
  onward.on("error", () => response.destroy());
  onward.end(body);
}

const ports = await Promise.all(upstreams.map((upstream) => new Promise((resolve) => {
  const server = createServer((request, response) => {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => pass(upstream, request, Buffer.concat(pieces), response));
  });
  server.listen(0, "127.0.0.1", () => resolve(server.address().port));
})));
console.log(ports.join(" "));
process.stdin.on("end", () => process.exit()).resume();
