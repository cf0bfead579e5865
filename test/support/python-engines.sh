#!/bin/sh
# Makes a virtual environment of Python with the engines that every run asks: pyiceberg, DuckDB with its extensions, and drivers of PostgreSQL.
#
#   flock LOCK python-engines.sh TARGET REQUIREMENTS     a TARGET that exists is left as it is
#
# Packages come from where this machine's pip has them from.
set -eu
target=$1
requirements=$2
[ ! -e "$target" ] || exit 0

making=$target.building
rm -rf "$making"
python3 -m venv "$making"
"$making/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --requirement "$requirements"

# Proof that all of it is there, before the environment gets its name.
"$making/bin/python" - <<'PROOF'
import asyncpg, duckdb, pandas, psycopg, pyarrow, psycopg2, pytz, pyiceberg.catalog.rest, pyiceberg.catalog.sql
from duckdb_extensions import import_extension
for extension in ("avro", "httpfs", "iceberg"):
    import_extension(extension)
duckdb.connect().execute("load iceberg; load httpfs")
PROOF
# Its own scripts name the place where it was made; nothing but `bin/python` is called.
mv "$making" "$target"
