#!/usr/bin/env bash
# Creates the connector of each *.json beside this script, named after its file, on the worker at $CONNECT_URL.
# One that is already there is left alone: sending its config again would restart it, in the middle of a drill.
set -euo pipefail

cd "$(dirname "$0")"
for config in *.json; do
  connector="$CONNECT_URL/connectors/${config%.json}"
  if curl -fsS -o /dev/null "$connector" 2>/dev/null; then
    echo "${config%.json} is already there"
    continue
  fi
  # 409 while the worker rebalances: ask again. A refused config (400) is shown with Connect's own words.
  curl -sS --fail-with-body --retry 10 --retry-delay 2 --retry-all-errors \
    -X PUT -H 'Content-Type: application/json' --data "@$config" "$connector/config"
  echo
done
