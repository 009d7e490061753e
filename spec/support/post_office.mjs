// A receiver of mails that takes none for whoever begins with "no": node post_office.mjs LOG prints its port. Each mail that it takes is
// a line of LOG: whom it is for.
import { appendFileSync } from "node:fs";
import { createServer } from "node:net";

const [log] = process.argv.slice(2);

const server = createServer((socket) => {
  let text = "";
  let inData = false;
  let taken = [];
  const say = (line) => socket.write(`${line}\r\n`);
  const hear = (line) => {
    if (inData) {
      if (line !== ".") return;
      inData = false;
      appendFileSync(log, `${taken.join(",")}\n`);
      say("250 taken");
    } else if (/^RCPT TO:<no/i.test(line)) {
      say("550 5.1.1 nobody is called that here");
    } else if (/^RCPT/i.test(line)) {
      taken.push(line.match(/<(.*)>/)[1]);
      say("250 fine");
    } else if (/^DATA/i.test(line)) {
      inData = true;
      say("354 go on");
    } else if (/^QUIT/i.test(line)) {
      say("221 bye");
      socket.end();
    } else {
      if (/^MAIL/i.test(line)) taken = [];
      say("250 fine");
    }
  };
  socket.on("error", () => {});
  socket.on("data", (piece) => {
    text += piece;
    for (let end = text.indexOf("\r\n"); end >= 0; end = text.indexOf("\r\n")) {
      const line = text.slice(0, end);
      text = text.slice(end + 2);
      hear(line);
    }
  });
  say("220 here");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
setTimeout(() => process.exit(), 900000);
