// A receiver of webhooks that verifies them with the library of Standard Webhooks: node verifier.mjs MODULES SECRET LOG prints its port.
// Each request is a line of LOG: "verified" or why not, and the body as JSON. /tampered has a byte changed on its way.
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";

const [modules, secret, log] = process.argv.slice(2);
const { Webhook } = createRequire(resolve(modules) + "/")("standardwebhooks");

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (piece) => (body += piece));
  request.on("end", () => {
    let verdict = "verified";
    try {
      new Webhook(secret).verify(request.url === "/tampered" ? body.replace("firing", "FIRING") : body, request.headers);
    } catch (error) {
      verdict = error.message;
    }
    appendFileSync(log, `${verdict}\t${body}\n`);
    response.writeHead(verdict === "verified" ? 204 : 401);
    response.end();
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
setTimeout(() => process.exit(), 900000);
