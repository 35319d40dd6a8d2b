# Keeps HAProxy running: writes a first configuration when the volume has none, starts HAProxy, and starts it again
# when it ends without having been asked to. USR1 lets open connections finish, up to hard-stop-after; TERM gives them
# 5 seconds, because the next edge cannot have the port before.
set -u
cd /edge
lib=/usr/local/lib/turnout
stopping=
child=

say() { printf 'edge: %s\n' "$*" >&2; }

# Readers find either no file or the whole file.
provide() { # path, source or - for standard input
  [ -s "$1" ] && return
  cat "$2" >"$1.first" && sync "$1.first" && mv "$1.first" "$1"
}

stop() {
  stopping=1
  [ -n "$child" ] && kill -USR1 "$child" 2>/dev/null
}
trap stop USR1
trap 'stop; (sleep 5; kill -TERM "$child") 2>/dev/null &' TERM INT

provide haproxy.cfg "$lib/first.cfg" || { say "cannot write to /edge: the volume must belong to uid 10001"; exit 1; }
printf 'serve -:-:0:-:-:-\n' | provide serve.map -
printf 'blue -\ngreen -\n' | provide releases.map -
# After a new container, addresses may be anyone's; within one, they let HAProxy serve at once after a restart or reload.
: >servers.state

while [ -z "$stopping" ]; do
  # The agent checks a configuration before it puts it in place; this is for one that only fails here.
  if ! haproxy -c -q -f haproxy.cfg && [ -s haproxy.cfg.previous ] && haproxy -c -q -f haproxy.cfg.previous; then
    say "the configuration is not valid; going back to the one before it"
    cp haproxy.cfg.previous haproxy.cfg.restored && mv haproxy.cfg.restored haproxy.cfg
  fi
  started=$(date +%s)
  haproxy -W -S /edge/master.sock,mode,600 -f haproxy.cfg &
  child=$!
  [ -n "$stopping" ] && kill -USR1 "$child"
  code=0
  wait "$child" || code=$?
  # A signal to this script ends `wait` early; HAProxy itself may still be at its last connections.
  while kill -0 "$child" 2>/dev/null; do wait "$child" || code=$?; done
  [ -n "$stopping" ] && break
  say "HAProxy ended with code $code; starting it again"
  # Only something that fails at once is held back.
  [ $(($(date +%s) - started)) -lt 1 ] && sleep 1
done
exit 0
