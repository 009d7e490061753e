// A receiver of webhooks that is as bad as its mode says: node receiver.mjs LOG MODE [SEED [PORT]] prints its port. Each request is a line of
// LOG: what was done with it (MODE "bad" draws one), its id, the events in it, and how many were left out.
import { createServer } from "node:http";
import { appendFileSync } from "node:fs";

const [log, mode, seed, port] = process.argv.slice(2);
let state = Number(seed) || 1;
const draw = (n) => (state = (state * 16807) % 2147483647) % n;
const KINDS = ["ok", "ok", "ok", "ok", "ok", "ok", "fail", "busy", "reset", "cut", "hang"];

const server = createServer((request, response) => {
  let body = "";
  request.on("data", (piece) => (body += piece));
  request.on("end", () => {
    const kind = mode === "bad" ? KINDS[draw(KINDS.length)] : mode;
    const { alerts, left_out } = JSON.parse(body || "{}").data ?? { alerts: [] };
    const events = alerts.map(({ event, id, state }) => `${event}/${id}/${state}`);
    if (left_out) events.push(`+${left_out}`);
    appendFileSync(log, `${kind} ${request.headers["webhook-id"]} ${events.join(",")}\n`);
    if (kind === "hang") return;
    if (kind === "reset") return request.socket.resetAndDestroy ? request.socket.resetAndDestroy() : request.socket.destroy();
    if (kind === "cut") {
      return request.socket.end("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly");
    }
    if (kind === "echo") { // what it was sent, over and over, so that its end falls into a secret wherever answers are cut off
      const said = `${request.method} ${request.url} says ${request.headers.authorization} `;
      response.writeHead(400);
      return response.end(said.repeat(40));
    }
    const status = { ok: 200, fail: 503, busy: 429, gone: 410, wrong: 400 }[kind];
    response.writeHead(status, kind === "busy" ? { "Retry-After": "1" } : {});
    response.end(`so ${kind}`);
  });
});
server.listen(Number(port) || 0, "127.0.0.1", () => console.log(server.address().port));
setTimeout(() => process.exit(), 900000);
