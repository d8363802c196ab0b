#!/usr/bin/env bash
# All tests, in two processes beside one another: most of the first half waits for processes and browsers, most of the
# other computes. With arguments they go to one pytest. Called by `make test`.
set -o errexit -o nounset -o pipefail
python=$1
shift
cd "$(dirname "$0")/.."
if (($#)); then
  exec "$python" -m pytest "$@"
fi

waiting=(tests/e2e tests/dashboard tests/smartplace)
log=$(mktemp)
"$python" -m pytest "${waiting[@]}" >"$log" 2>&1 &
waits=$!
trap 'kill "$waits" 2>/dev/null || true; rm -f "$log"' EXIT

status=0
"$python" -m pytest "${waiting[@]/#/--ignore=}" || status=$?
wait "$waits" || status=$?
cat "$log"
exit "$status"
