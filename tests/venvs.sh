#!/bin/bash
# venvs.sh [test|system|all|bench]: virtual environments for the tests, made once,
# in $PITSTOP_CACHE/venvs, from pinned packages (tests/requirements).
#
#   test    pytest, with the machine's python3 (3.9 or later), and what
#           tests/test_openapi.py and tests/test_sinks_real.py run (3.11 or
#           later)
#   system  debugpy, with the machine's python3
#   all     both, and each Python of pyenv (3.6 to 3.13) with the debugpy that
#           pip gives it, Python 3.11 with two older ones besides, and Python
#           3.9 with what the documented recipe imports. A Python that is
#           missing is passed over: tests/pythons.py names it.
#   bench   what `make bench` compares with, with the machine's python3
#
# Does nothing, quickly, when all is there. No output of pip unless it fails.
set -euo pipefail
export LC_ALL=C PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
unset PYTHONPATH PYTHONHOME PYTHONSTARTUP

HERE=$(cd "$(dirname "$0")" && pwd)
VENVS=${PITSTOP_CACHE:-$HOME/.cache/pitstop}/venvs
PYENV=${PYENV_ROOT:-$HOME/.pyenv}/versions
SYSTEM=/usr/bin/python3

say() { echo "venvs: $*"; }

# The debugpy that pip gives each Python.
debugpy_for() { # 3.N
	case $1 in
	3.6) echo 1.5.1 ;;
	3.7) echo 1.7.0 ;;
	3.8 | 3.9) echo 1.8.21 ;;
	*) echo 1.8.22 ;;
	esac
}

# The newest 3.N of pyenv, nothing when there is none.
pyenv_python() { # 3.N
	local found
	found=$(printf '%s\n' "$PYENV/$1".*/bin/python | sort -V | tail -n 1)
	[ ! -x "$found" ] || echo "$found"
}

# The version of an interpreter by the name it resolves to (python3.N).
minor_of() { # PATH
	local name
	name=$(readlink -f "$1")
	name=${name##*/python}
	case $name in
	3.[0-9]*) echo "$name" ;;
	*) "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' ;;
	esac
}

run_quietly() { # COMMAND...: its output only when it fails
	local out
	out=$("$@" </dev/null 2>&1) || {
		printf '%s\n' "$out" >&2
		return 1
	}
}

# A venv is whole when its key holds what it was made from; the key is
# written last.
key_of() { # PYTHON REQUIREMENTS
	echo "$(readlink -f "$1") $(cksum <"$2")"
}

is_whole() { # DIR KEY
	[ -x "$1/bin/python" ] && [ -e "$1/key" ] && [ "$(<"$1/key")" = "$2" ]
}

# The files of requirements are complete: they have what each package needs,
# but for what the tests do not use of it.
make_venv() { # NAME PYTHON REQUIREMENTS
	local dir=$VENVS/$1 file=$HERE/requirements/$3.txt key
	key=$(key_of "$2" "$file")
	is_whole "$dir" "$key" && return
	say "$1: $2 with ${3/-/ }"
	rm -rf "$dir"
	run_quietly "$2" -m venv "$dir" &&
		run_quietly "$dir/bin/python" -m pip install -q --no-deps \
			--only-binary :all: --require-hashes -r "$file" &&
		echo "$key" >"$dir/key" && return
	say "$1: failed" >&2
	FAILED="$FAILED $1"
}

make_pyenv_venvs() {
	local minor python
	for minor in 3.6 3.7 3.8 3.9 3.10 3.11 3.12 3.13; do
		python=$(pyenv_python $minor)
		[ -n "$python" ] || continue
		make_venv "py$minor" "$python" "debugpy-$(debugpy_for $minor)"
		[ $minor != 3.9 ] || make_venv recipe "$python" recipe
		[ $minor = 3.11 ] || continue
		make_venv "py$minor-1.8.0" "$python" debugpy-1.8.0
		make_venv "py$minor-1.6.7" "$python" debugpy-1.6.7
	done
}

make_system_venv() {
	[ -x $SYSTEM ] || return 0
	make_venv system $SYSTEM "debugpy-$(debugpy_for "$(minor_of $SYSTEM)")"
}

# Where pytest comes from: the system's python3, else the first on PATH.
test_python() {
	[ -x $SYSTEM ] && echo $SYSTEM || command -v python3
}

make_tool_venvs() {
	local python
	python=$(test_python)
	case $(minor_of "$python") in
	3.[0-9] | 3.10) ;;
	*)
		make_venv openapi "$python" openapi
		make_venv sinks "$python" sinks
		;;
	esac
}

WHAT=${1-all}
case $WHAT in
test | system | all | bench) ;;
*) echo "usage: $0 [test|system|all|bench]" >&2; exit 2 ;;
esac
mkdir -p "$VENVS"
exec 9>"$VENVS/lock"
flock -n 9 || { say "waiting for another venvs.sh"; flock 9; }
FAILED=
case $WHAT in
test | all)
	make_venv test "$(test_python)" test
	make_tool_venvs
	;;
bench) make_venv bench "$(test_python)" bench ;;
esac
case $WHAT in
system | all) make_system_venv ;;
esac
[ "$WHAT" != all ] || make_pyenv_venvs
[ -z "$FAILED" ] || { say "failed:$FAILED" >&2; exit 1; }
