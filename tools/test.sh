#!/usr/bin/env bash
# All tests, in two processes beside one another: most of the first half waits for processes and browsers, most of the
# other computes. With arguments they go to one pytest. Called by `make test`.
set -o errexit -o nounset -o pipefail
python=$1
shift
cd "$(dirname "$0")/.."

waits="" log="" scratch=""
clean_up() {
  [ -z "$waits" ] || kill "$waits" 2>/dev/null || true
  rm -rf "$log" "$scratch"
}
trap clean_up EXIT

# Hundreds of processes of ours are started: what one has compiled the next need not compile again.
unset PYTHONDONTWRITEBYTECODE
# Databases and brokers of tests keep their files in memory, where there is enough of it: a new database is there in a
# tenth of the time.
memory=/dev/shm
if [ -w "$memory" ] && [ "$(df --output=avail "$memory" | tail -1)" -ge $((4 * 1024 * 1024)) ] \
  && ! findmnt --noheadings --output OPTIONS --target "$memory" | grep -q noexec; then
  scratch=$(mktemp -d "$memory/smartplace-tests.XXXXXX")
  # Some servers run as a user of their own.
  chmod 755 "$scratch"
  export TMPDIR=$scratch
fi

if (($#)); then
  "$python" -m pytest "$@"
  exit
fi

waiting=(tests/e2e tests/dashboard tests/smartplace)
log=$(mktemp)
"$python" -m pytest "${waiting[@]}" >"$log" 2>&1 &
waits=$!

status=0
"$python" -m pytest "${waiting[@]/#/--ignore=}" || status=$?
wait "$waits" || status=$?
cat "$log"
exit "$status"
