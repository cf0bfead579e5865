#!/bin/sh
# Run by the image of PostgreSQL when the database is made: the role that tierd connects as. It owns the
# database, so that it can make the schema tierd and be given tables; it is no superuser.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set database="$POSTGRES_DB" --set password="$(cat "${TIERD_PASSWORD_FILE:-/run/secrets/postgres_password}")" <<'SQL'
create role tierd login nosuperuser nocreatedb nocreaterole noreplication password :'password';
alter database :"database" owner to tierd;
revoke connect, temporary on database :"database" from public;
SQL
