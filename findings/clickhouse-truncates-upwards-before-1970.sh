#!/usr/bin/env bash
# chdb 4.4.0 (ClickHouse 26.9.2, PyPI), Python 3.
#
# Guess before running: DateTime64 reaches from 1900 to 2299, so date_trunc of a time in 1969 gives the beginning of its
# second, hour or day; at worst it is held at 1970 as the old DateTime is.
#
# Seen: a time before 1970 with a fraction of a second is first cut towards zero, which is upwards there, and
# truncated then. 1969-12-31 23:59:59.999999 falls into the day, month and hour of 1970-01-01 00:00:00 and
# 1950-01-03 05:00:00.000001 into the second 05:00:01. date_trunc gives a time that is later than its
# argument, and at the edge of a bucket the row is counted in the next one. From 1970 on it is right.
#
# What it means for tierd: histories that begin before 1970 are read exactly from the lake; docs/engines.md
# says what to write instead.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check chdb==4.4.0
cat >run.py <<'PY'
import json, chdb

def ask(unit, time):
    sql = f"select toString(date_trunc('{unit}', ts)) , date_trunc('{unit}', ts) > ts from (select toDateTime64('{time}', 6, 'UTC') as ts)"
    return chdb.query(sql, 'TSV').data().strip().split('\t')

print(json.dumps([
    ask('day', '1969-12-31 23:59:59.999999'),
    ask('hour', '1969-12-31 23:59:59.999999'),
    ask('second', '1950-01-03 05:00:00.000001'),
    ask('day', '1950-01-03 05:00:00.000000'),
    ask('day', '1970-01-01 23:59:59.999999'),
]))
PY
found=$(env/bin/python run.py)
expected='[["1970-01-01 00:00:00", "1"], ["1970-01-01 00:00:00", "1"], ["1950-01-03 05:00:01", "1"], ["1950-01-03 00:00:00", "0"], ["1970-01-01 00:00:00", "0"]]'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: a truncated time that is later than the time'
