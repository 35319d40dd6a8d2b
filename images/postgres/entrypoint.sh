#!/bin/sh
# Prepares the data folder and the application's role, then becomes PostgreSQL.
# Every step may be cut off at any point and is finished or started over by the next start.
set -eu

say() { echo "turnout-postgres: $*"; }
fail() {
  echo "turnout-postgres: $*" >&2
  exit 1
}

# A shell answers signals only between commands, except in wait: long steps run behind it so that a stop is prompt.
interruptible() {
  "$@" &
  wait "$!"
}
server_started=no
stop_preparing() {
  # Before that, a pid file would be another container's and its number anybody's.
  [ "$server_started" = no ] || pg_ctl --pgdata="$PGDATA" --mode=fast --silent stop 2>/dev/null || true
  exit 143
}
trap stop_preparing INT TERM

volume=$(dirname "$PGDATA")
max_connections=${TURNOUT_MAX_CONNECTIONS:-100}

[ -n "${POSTGRES_USER:-}" ] || fail "POSTGRES_USER is not set: name the application's role."
[ -n "${POSTGRES_DB:-}" ] || fail "POSTGRES_DB is not set: name the application's database."
[ "$POSTGRES_USER" != postgres ] || fail "POSTGRES_USER must not be 'postgres': the superuser has no password and stays on the local socket."
[ -n "${POSTGRES_PASSWORD_FILE:-}" ] || fail "POSTGRES_PASSWORD_FILE is not set: name the file that holds the role's password."
[ -s "$POSTGRES_PASSWORD_FILE" ] && [ -r "$POSTGRES_PASSWORD_FILE" ] ||
  fail "POSTGRES_PASSWORD_FILE ($POSTGRES_PASSWORD_FILE) is missing, empty or not readable by uid $(id -u)."
case $max_connections in
'' | *[!0-9]*) fail "TURNOUT_MAX_CONNECTIONS must be a whole number, found '$max_connections'." ;;
esac
[ -w "$volume" ] || fail "$volume is not writable by uid $(id -u): mount a fresh volume, or give it to that user."

# One server per data folder, across containers: PostgreSQL's own pid file cannot see into another container. The lock is
# the kernel's, lives on file descriptor 9, passes on through exec and ends with the last process that holds it.
exec 9>"$volume/.lock"
if ! flock -n 9; then
  say "another server holds $volume; waiting up to 60 s for it to stop"
  interruptible flock -w 60 9 || fail "another server still holds $volume; stop it first."
fi

if [ ! -d "$PGDATA" ]; then
  for other in "$volume"/[0-9]*; do
    [ ! -e "$other/PG_VERSION" ] ||
      fail "$volume holds the data of PostgreSQL $(cat "$other/PG_VERSION"), this is $(basename "$PGDATA"): dump it with the old image and restore it here."
  done
  # Made beside its final place and renamed when complete, so a folder at $PGDATA is always a whole one.
  rm -rf "$volume"/initdb.*
  say "creating the data folder $PGDATA"
  # The built-in C.UTF-8 sorts the same under every version of the C library, so no update can corrupt an index.
  interruptible initdb --pgdata="$volume/initdb.new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 \
    --locale-provider=builtin --builtin-locale=C.UTF-8 --data-checksums \
    --auth-local=peer --auth-host=scram-sha-256 >/dev/null
  mv "$volume/initdb.new" "$PGDATA"
  sync "$volume"
fi

# We hold the lock, so a pid file is left over from a killed server; its number may well be alive here as another process.
rm -f "$PGDATA/postmaster.pid"

# No TCP yet: clients and health checks see the port only when role, password and database are in place.
server_started=yes
interruptible pg_ctl --pgdata="$PGDATA" --wait --timeout=3600 --silent --options="-c listen_addresses='' \
  -c hba_file=/etc/turnout-postgres/pg_hba.conf -c unix_socket_directories=$PGHOST" --log=/tmp/prepare.log start ||
  {
    cat /tmp/prepare.log >&2
    fail "the server did not start on $PGDATA; its words are above."
  }
psql --username=postgres --dbname=postgres --no-psqlrc --quiet --tuples-only --set=ON_ERROR_STOP=1 \
  --set=role="$POSTGRES_USER" --set=database="$POSTGRES_DB" <"/etc/turnout-postgres/setup.sql" ||
  fail "role '$POSTGRES_USER' or database '$POSTGRES_DB' could not be set up; the reason is above."
pg_ctl --pgdata="$PGDATA" --mode=fast --wait --silent stop
trap - INT TERM
rm -f /tmp/prepare.log

say "ready to serve database '$POSTGRES_DB' to role '$POSTGRES_USER'"
exec postgres -D "$PGDATA" \
  -c listen_addresses='*' \
  -c port=5432 \
  -c unix_socket_directories="$PGHOST" \
  -c hba_file=/etc/turnout-postgres/pg_hba.conf \
  -c password_encryption=scram-sha-256 \
  -c max_connections="$max_connections" \
  -c logging_collector=off \
  "$@"
