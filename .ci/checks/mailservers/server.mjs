// Mail servers as npm's smtp-server plays them, and the endpoint where tokens are fetched: node server.mjs KEY CERTIFICATE.
// Says on standard output, a JSON object a line, first where it listens, then what happens. Is told by `GET /…` on the
// control port what to do next.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Buffer } from "node:buffer";

const require = createRequire(`${process.env.CHECK_MODULES}/`);
const { SMTPServer } = require("smtp-server");
const [key, cert] = process.argv.slice(2).map((file) => readFileSync(file));
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const USER = "headcount@example.com";
const PASSWORD = "pass word-of-the-mailbox";
// What the endpoint gives, and what the mail server takes: told apart, so that a token can go stale.
const tokens = { given: 0, taken: "", lasts: 3600, stale: false, status: 200 };

function authenticate(server) {
  return (auth, session, done) => {
    const secure = session.secure;
    if (auth.method === "XOAUTH2") {
      const right = auth.username === USER && auth.accessToken === tokens.taken;
      say({ server, auth: auth.method, secure, right });
      if (right) return done(null, { user: USER });
      return done(null, { data: { status: "401", schemes: "bearer", scope: "mail" } });
    }
    const right = auth.username === USER && auth.password === PASSWORD;
    say({ server, auth: auth.method, secure, right });
    return right ? done(null, { user: USER }) : done(new Error("Invalid username or password"));
  };
}

function listen(server, options) {
  const smtp = new SMTPServer({
    key, cert, onAuth: authenticate(server), logger: false, closeTimeout: 1000,
    // Longer than headcount waits: its patience is to end first.
    socketTimeout: 300_000,
    onData(stream, session, done) {
      const chunks = [];
      stream.on("data", (chunk) => chunks.push(chunk));
      stream.on("end", () => {
        const mail = Buffer.concat(chunks).toString("latin1");
        const id = /^Message-ID: *(.*)$/im.exec(mail);
        say({ server, mail: id && id[1].trim(), secure: session.secure, user: session.user, from: session.envelope.mailFrom.address });
        done();
      });
    },
    ...options,
  });
  smtp.on("error", (error) => say({ server, error: error.code ?? error.message }));
  return new Promise((done) => smtp.listen(0, "127.0.0.1", () => done([server, smtp.server.address().port])));
}

// As Microsoft's: a form is posted, and JSON comes back.
const endpoint = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    const form = Object.fromEntries(new URLSearchParams(body));
    const right = request.method === "POST" && form.grant_type === "client_credentials" && form.client_id === "the app"
      && form.client_secret === "s3cret&of=the+app" && form.scope === "https://outlook.office365.com/.default"
      && request.headers["content-type"] === "application/x-www-form-urlencoded";
    const status = right ? tokens.status : 401;
    response.writeHead(status, { "content-type": "application/json" });
    if (status === 200) {
      tokens.given += 1;
      const token = `token-number-${tokens.given}`;
      if (!tokens.stale) tokens.taken = token;
      response.end(JSON.stringify({ token_type: "Bearer", access_token: token, expires_in: tokens.lasts }));
    } else {
      response.end(JSON.stringify({ error: "invalid_client", error_description: `AADSTS7000215: no such secret: ${form.client_secret}` }));
    }
    say({ endpoint: status, right, given: tokens.given });
  });
});

const control = createServer((request, response) => {
  const asked = new URL(request.url, "http://localhost").searchParams;
  for (const [name, value] of asked) tokens[name] = typeof tokens[name] === "number" ? Number(value) : name === "stale" ? value === "true" : value;
  response.end(JSON.stringify(tokens));
});
const port = (server) => new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));

const servers = await Promise.all([
  listen("starttls", { authMethods: ["PLAIN"] }),
  listen("implicit", { secure: true, authMethods: ["LOGIN"] }),
  listen("both", { authMethods: ["PLAIN", "LOGIN", "XOAUTH2"] }),
  listen("token", { authMethods: ["XOAUTH2"] }),
  listen("open", { hideSTARTTLS: true, authMethods: ["PLAIN"], allowInsecureAuth: true }),
  listen("unknown", { authMethods: ["CRAM-MD5"] }),
]);
say({ ...Object.fromEntries(servers), endpoint: await port(endpoint), control: await port(control) });
