// A worker of a cluster that breaks off: node false_worker.mjs HELLO REPORT PORT. It answers what asks who it is with the file HELLO, and
// what asks for a report with what the file REPORT has, and then with the end of the connection.
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

const [hello, report, port] = process.argv.slice(2);

const server = createServer((request, response) => {
  let asked = "";
  request.on("data", (piece) => (asked += piece));
  request.on("end", () => {
    if (JSON.parse(asked).hello) {
      response.end(readFileSync(hello));
    } else {
      response.write(readFileSync(report), () => response.socket.destroy());
    }
  });
});

server.listen(0, "127.0.0.1", () => writeFileSync(port, `${server.address().port}\n`));
