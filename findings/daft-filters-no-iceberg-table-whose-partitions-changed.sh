#!/usr/bin/env bash
# daft 0.7.26, polars 2.1.0, pyiceberg 0.12.0 with pyiceberg-core 0.11.0 (PyPI), Python 3.
#
# Guess before running: an Iceberg table whose partition specification was changed is read by everybody, for each manifest says
# by which specification its files were written; at worst a filter prunes less than it could.
#
# Seen: once the specification has changed, from days to months or the reverse, daft answers no question with a condition on the
# column that is partitioned by: "Column … not found in schema", where … is the new partition field, looked for in files of the old
# specification. The change alone is enough, nothing has to be written by the new one. Without a condition daft reads all rows; polars
# reads them with one.
#
# What it means for tierd: a dataset whose `slice` is changed gets another specification. docs/engines.md says how Daft is asked then.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check 'pyiceberg[pyarrow,sql-sqlite]==0.12.0' pyiceberg-core==0.11.0 \
  pyarrow==25.0.1 daft==0.7.26 polars==2.1.0 pytz
cat >run.py <<'PY'
import datetime as dt, json, os, re
import daft, polars, pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.transforms import DayTransform, MonthTransform

catalogue = SqlCatalog('c', uri='sqlite:///c.db', warehouse='file://' + os.getcwd() + '/w')
catalogue.create_namespace('lake')

def utc(*parts):
    return dt.datetime(*parts, tzinfo=dt.timezone.utc)

def rows(*times):
    return pa.table({'time': pa.array(times, pa.timestamp('us', 'UTC'))})

def count(ask):
    try:
        return ask()
    except Exception as error:
        return re.search(r'FieldNotFound Column "\w+" not found', str(error))[0]

def ask(table):
    begin = utc(2024, 1, 2)
    return {
        'all': count(lambda: daft.read_iceberg(table).count_rows()),
        'since': count(lambda: daft.read_iceberg(table).where(daft.col('time') >= begin).count_rows()),
        'polars since': count(lambda: polars.scan_iceberg(table).filter(polars.col('time') >= begin).collect().height),
    }

found = {}
for name, before, after in (('by month since', DayTransform(), MonthTransform()), ('by day since', MonthTransform(), DayTransform())):
    table = catalogue.create_table('lake.' + name.replace(' ', '_'), rows().schema)
    with table.update_spec() as spec:
        spec.add_field('time', before, 'part_before')
    table.refresh()
    table.append(rows(utc(2024, 1, 1, 5), utc(2024, 1, 2, 6), utc(2024, 2, 3, 7)))
    at_first = ask(table)
    with table.update_spec() as spec:
        spec.remove_field('part_before')
        spec.add_field('time', after, 'part_after')
    table.refresh()
    changed = ask(table)
    table.append(rows(utc(2024, 2, 4)))
    found[name] = [at_first, changed, ask(table)]
print(json.dumps(found))
PY
found=$(env/bin/python run.py 2>/dev/null)
gone='FieldNotFound Column \"part_after\" not found'
each="[{\"all\": 3, \"since\": 2, \"polars since\": 2}, {\"all\": 3, \"since\": \"$gone\", \"polars since\": 2}, {\"all\": 4, \"since\": \"$gone\", \"polars since\": 3}]"
expected="{\"by month since\": $each, \"by day since\": $each}"
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: daft filters no table whose partition specification has changed'
