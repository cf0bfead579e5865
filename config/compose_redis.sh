#!/bin/sh
# Redis in a container, with the settings of redis.conf and two users with one password: the default
# one, for whoever writes, and tierd's own, which may do what tierd uses (redis.conf says what).
set -eu
umask 077
here=${REDIS_CONF_DIR:-/etc/redis}
password=$(cat "${REDIS_PASSWORD_FILE:-/run/secrets/redis_password}")
# Of a file and not of the command line, which every process of the machine can read.
settings=${REDIS_SETTINGS:-/tmp/redis.conf}
{
  cat "$here/redis.conf"
  printf '\nbind *\nprotected-mode no\nrequirepass %s\n' "$password"
  printf 'user tierd on >%s %s\n' "$password" "$(sed -n 's/^# *user tierd on >PASSWORD //p' "$here/redis.conf")"
} >"$settings"
# The image's entry point goes on as the user redis.
chown redis "$settings" 2>/dev/null || true
exec docker-entrypoint.sh redis-server "$settings"
