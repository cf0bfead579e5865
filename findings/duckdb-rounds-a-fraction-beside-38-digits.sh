#!/usr/bin/env bash
# DuckDB 1.5.6 (npm @duckdb/node-api 1.5.6-r.1), Node 20 or later.
#
# Guess before running: where a DECIMAL(38,0) and a DECIMAL(3,2) come together, in UNION ALL, COALESCE, CASE or
# greatest(), the result has two digits after the point, or is an error where 38 digits do not hold both.
#
# Seen: the result is DECIMAL(38,0), and 2.50 becomes 3 without a word, also where the other side is null or its branch is
# never taken: the digits in front win, and the fraction is rounded. Beside DECIMAL(37,0) one digit is left. `=` and IN, where no
# value is shown, do compare 2.50 with 3 as they are.
#
# What it means for tierd: a numeric without precision is no DECIMAL(38,0) in the lake. The PostgreSQL face brings numerics of two
# scales to one before they meet, or writes them as text; `tierd query` is DuckDB's SQL, and docs/query.md says so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @duckdb/node-api@1.5.6-r.1 >/dev/null
cat >run.mjs <<'JS'
import { DuckDBInstance } from '@duckdb/node-api';
const connection = await (await DuckDBInstance.create(':memory:')).connect();
await connection.run('create table t (a decimal(38,0), b decimal(3,2), c decimal(37,0)); insert into t values (null, 2.50, null)');
const found = { version: (await connection.runAndReadAll('select version()')).getRows()[0][0] };
const asked = {
  coalesce: 'coalesce(a, b)',
  case: 'case when true then b else a end',
  greatest: 'greatest(0::decimal(38,0), b)',
  union: '(select max(x) from (select a as x from t union all select b from t))',
  in: 'b in (3::decimal(38,0))',
  equal: 'b = 3::decimal(38,0)',
  beside37: 'coalesce(c, b)',
};
for (const [name, sql] of Object.entries(asked)) {
  const { 0: [value] } = (await connection.runAndReadAll(`select (${sql})::varchar from t`)).getRows();
  found[name] = value;
}
console.log(JSON.stringify(found));
JS
found=$(node run.mjs)
expected='{"version":"v1.5.6","coalesce":"3","case":"3","greatest":"3","union":"3","in":"false","equal":"false","beside37":"2.5"}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: beside 38 digits in front of the point a fraction is rounded away'
