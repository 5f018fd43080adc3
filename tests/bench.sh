#!/bin/bash
# bench.sh [PART...]: measures pitstop against plain Python, debugpy, tini,
# dumb-init, py-spy and nginx (tests/bench). Parts: startup loop latency attach
# supervisor memory metadata many sessions output stacks http sinks; all of them
# when none is named.
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/.." && pwd)
PITSTOP=${PITSTOP_BIN:-$ROOT/build/pitstop}
VENVS=${PITSTOP_CACHE:-$HOME/.cache/pitstop}/venvs

[ -x "$PITSTOP" ] || { echo "bench: no $PITSTOP; run make first" >&2; exit 1; }
"$ROOT/agent/deps/packages.sh" demo
# What is still missing after this the table names.
"$ROOT/agent/deps/packages.sh" bench || true
"$ROOT/tests/venvs.sh" all || true
"$ROOT/tests/venvs.sh" bench || true
# A copy of its own: what other tests run shares no memory with it.
mkdir -p "$ROOT/build/bench"
cp --remove-destination "$PITSTOP" "$ROOT/build/bench/pitstop"
export PITSTOP_BIN=$ROOT/build/bench/pitstop
exec "$VENVS/test/bin/python" "$ROOT/tests/bench/bench.py" "$@"
