// A server of SMTP that keeps what it is sent: node mailbox.mjs MODULES FOLDER [STARTTLS|PLAIN|SMTPS] prints its port. FOLDER has its
// key.pem and cert.pem; a mail is a file mail.N there, and what was said about it a line of JSON in FOLDER/sessions. It takes the user
// loom with the password s3cret; recipients at busy.example are put off, at gone.example refused.
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";

const [modules, folder, kind = "STARTTLS"] = process.argv.slice(2);
const { SMTPServer } = createRequire(resolve(modules) + "/")("smtp-server");
let count = 0;

const refuse = (code, text) => Object.assign(new Error(text), { responseCode: code });
const note = (what) => appendFileSync(folder + "/sessions", JSON.stringify(what) + "\n");

const server = new SMTPServer({
  key: readFileSync(folder + "/key.pem"),
  cert: readFileSync(folder + "/cert.pem"),
  secure: kind === "SMTPS",
  disabledCommands: kind === "PLAIN" ? ["STARTTLS"] : [],
  authOptional: kind === "PLAIN",
  logger: false,
  onAuth({ username, password }, session, done) {
    note({ said: "auth", secure: session.secure, username });
    const good = username === "loom" && password === "s3cret";
    done(good ? null : refuse(535, `no such user ${username}`), good ? { user: username } : undefined);
  },
  onRcptTo({ address }, session, done) {
    const domain = address.split("@")[1];
    done(domain === "busy.example" ? refuse(450, "try later") : domain === "gone.example" ? refuse(550, "nobody here") : null);
  },
  onData(stream, session, done) {
    let text = "";
    stream.setEncoding("utf8");
    stream.on("data", (piece) => (text += piece));
    stream.on("end", () => {
      writeFileSync(`${folder}/mail.${++count}`, text);
      note({ said: "data", secure: session.secure, user: session.user ?? null, from: session.envelope.mailFrom.address,
        to: session.envelope.rcptTo.map(({ address }) => address) });
      done();
    });
  },
});
server.on("error", () => {}); // of a client that goes away
server.listen(0, "127.0.0.1", () => console.log(server.server.address().port));
setTimeout(() => process.exit(), 900000);
