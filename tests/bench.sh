#!/bin/bash
# bench.sh [PART...]: measures pitstop against plain Python, debugpy, tini and
# dumb-init (tests/bench). Parts: startup loop latency attach supervisor
# memory; all of them when none is named.
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/.." && pwd)
VENVS=${PITSTOP_CACHE:-$HOME/.cache/pitstop}/venvs

[ -x "${PITSTOP_BIN:-$ROOT/build/pitstop}" ] || {
	echo "bench: no build/pitstop; run make first" >&2
	exit 1
}
"$ROOT/agent/deps/packages.sh" demo
# What is still missing after this the table names.
"$ROOT/agent/deps/packages.sh" bench || true
"$ROOT/tests/venvs.sh" all || true
exec "$VENVS/test/bin/python" "$ROOT/tests/bench/bench.py" "$@"
