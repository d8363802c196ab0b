// A bare Node-RED: one flow, no editor, and the pool of the same PostgreSQL driver that its nodes use.
const { Pool } = require("pg");

module.exports = {
  uiPort: Number(process.env.PEER_PORT),
  uiHost: "127.0.0.1",
  httpAdminRoot: false,
  httpNodeRoot: false,
  userDir: process.env.PEER_DIR,
  flowFile: process.env.PEER_DIR + "/flows.json",
  credentialSecret: false,
  logging: { console: { level: "warn", metrics: false, audit: false } },
  functionGlobalContext: { pool: new Pool({ connectionString: process.env.PEER_DATABASE, max: 10 }) },
};
