#!/bin/sh
# run_fuzzers.sh SECONDS PROGRAM...: runs each libFuzzer program that long,
# from the seeds in tests/fuzz/corpus/NAME. What it finds stays in
# build/fuzz, a crashing input too.
set -u
seconds=$1
shift
failed=
for program in "$@"; do
	name=${program##*/fuzz_}
	found=build/fuzz/found/$name
	seeds=tests/fuzz/corpus/$name
	mkdir -p "$found"
	[ -d "$seeds" ] || seeds=
	echo "fuzz $name: $seconds s"
	if "$program" -max_total_time="$seconds" -timeout=10 \
		-rss_limit_mb=2048 -artifact_prefix="$found-" \
		"$found" $seeds >"$program.log" 2>&1; then
		tail -n 1 "$program.log" | sed "s/^/fuzz $name: /"
	else
		tail -n 40 "$program.log"
		failed="$failed $name"
	fi
done
[ -z "$failed" ] && echo "fuzz: $# programs, no crash" && exit 0
echo "fuzz: failed:$failed" >&2
exit 1
