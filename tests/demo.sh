#!/bin/bash
# demo.sh: runs tests/demo/train.py under `pitstop run --hold`. A small
# scripted client attaches as VS Code would and tells what it sees; with
# WAIT=1 in the environment the step waits for your own VS Code instead.
#
# Makes the virtual environment with debugpy when it is not there.
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/.." && pwd)
DEMO=$ROOT/tests/demo
PITSTOP=${PITSTOP_BIN:-$ROOT/build/pitstop}
VENVS=${PITSTOP_CACHE:-$HOME/.cache/pitstop}/venvs
HOLD=900  # seconds, with WAIT=1

# The system's Python, else the newest that is there.
pick_python() {
	local dir
	for dir in "$VENVS/system" $(printf '%s\n' "$VENVS"/py3.* | sort -rV)
	do
		[ ! -e "$dir/key" ] || { echo "$dir/bin/python"; return; }
	done
	echo "demo: no Python 3 with debugpy on this machine" >&2
	return 1
}

instructions() { # PYTHON
	local line
	line=$(grep -n 'error = weight' "$DEMO/train.py" | cut -d: -f1)
	cat <<END

The step is about to start, and will wait $HOLD s for your debugger.

 1. In VS Code, with the extension "Python Debugger", open the folder
        $DEMO
    or, on another machine, a copy of it.
 2. Put the object that follows "pitstop: launch.json:" below into
    .vscode/launch.json:
        { "version": "0.2.0", "configurations": [ ... ] }
 3. Set a breakpoint, for instance on line $line of train.py, and press F5.

If VS Code cannot reach this machine's address, forward the port that is named
below (5678, or another when that is taken)
    ssh -L PORT:127.0.0.1:PORT THIS-MACHINE
and write 127.0.0.1 for "host". Ctrl+C here ends the step.

END
}

[ -x "$PITSTOP" ] || { echo "demo: no $PITSTOP; run make first" >&2; exit 1; }
"$ROOT/agent/deps/packages.sh" demo
"$ROOT/tests/venvs.sh" all
PYTHON=$(pick_python)
unset PITSTOP_BIN PITSTOP_CACHE   # no settings of a step
if [ -z "${WAIT:-}" ] || [ "$WAIT" = 0 ]; then
	exec "$PYTHON" "$DEMO/debug.py" "$PITSTOP" "$PYTHON"
fi
instructions
cd "$DEMO"
exec "$PITSTOP" run --hold --timeout "$HOLD" -- "$PYTHON" train.py --epochs 3
