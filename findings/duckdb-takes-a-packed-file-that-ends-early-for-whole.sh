#!/usr/bin/env bash
# DuckDB 1.5.6 (npm @duckdb/node-api 1.5.6-r.1), Node 20 or later.
#
# Guess before running: a .csv.zst or .csv.gz that was cut, as by a download that broke off, is an error when it is read, as of
# `zstd -d`, `gunzip` and Python's gzip: both formats say where they end.
#
# Seen: it is read as a shorter file, without a word, whatever is missing: half of it, or three bytes. Of zstd some rows are
# lost with the last block; of gzip only what was cut, and the checksum behind it is not looked at.
#
# What it means for tierd: `tierd ingest` unpacks files itself, and refuses one that ends too early.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @duckdb/node-api@1.5.6-r.1 >/dev/null
cat >run.mjs <<'JS'
import { readFileSync, writeFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
const connection = await (await DuckDBInstance.create(':memory:')).connect();
const found = {};
for (const [packing, end] of [['zstd', 'zst'], ['gzip', 'gz']]) {
  await connection.run(`copy (select i from range(100000) t(i)) to 'whole.csv.${end}' (format csv, compression ${packing})`);
  const whole = readFileSync(`whole.csv.${end}`);
  found[packing] = [];
  for (const length of [whole.length, whole.length - 3, whole.length >> 1]) {
    writeFileSync(`cut.csv.${end}`, whole.subarray(0, length));
    try {
      const [[rows]] = (await connection.runAndReadAll(`select count(*)::int from 'cut.csv.${end}'`)).getRows();
      found[packing].push(rows === 100000 ? 'all' : rows > 0 ? 'fewer' : 'none');
    } catch {
      found[packing].push('raised');
    }
  }
}
console.log(JSON.stringify(found));
JS
found=$(node run.mjs)
expected='{"zstd":["all","fewer","fewer"],"gzip":["all","all","fewer"]}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: a packed file that ends early is read as a shorter one'
