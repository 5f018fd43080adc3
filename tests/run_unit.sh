#!/bin/sh
# run_unit.sh PROGRAM...: runs every cmocka program, shows its closing lines,
# and all of its output when it fails.
set -u
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
failed=
for program in "$@"; do
	name=${program##*/}
	if "$program" >"$program.log" 2>&1; then
		grep -E '^\[(==========\].*run|  PASSED)' "$program.log" |
			sed "s/^/$name: /"
	else
		cat "$program.log"
		failed="$failed $name"
	fi
done
[ -z "$failed" ] && echo "unit: $# programs, all passed" && exit 0
echo "unit: failed:$failed" >&2
exit 1
