#!/bin/bash
# Builds the third-party libraries, once, into a cache outside the tree.
#
#   build.sh VARIANT [LIBRARY...]   build what is missing, print how far it is
#   build.sh --ready VARIANT [LIBRARY...]
#                                   print the prefix if all is built, else
#                                   nothing; never builds, takes milliseconds
#
# VARIANT is musl (the release) or host (for the tests with sanitizers).
# The cache is $PITSTOP_CACHE or ~/.cache/pitstop; a prefix in it is named
# after a hash of recipes, pins and compiler, so an old one is never reused
# by mistake. A build that was cut short goes on with the next library.
set -euo pipefail
export LC_ALL=C SOURCE_DATE_EPOCH=1735689600
unset CDPATH MAKEFLAGS MFLAGS MAKEOVERRIDES CFLAGS CPPFLAGS LDFLAGS

HERE=$(cd "$(dirname "$0")" && pwd)
PINS=$HERE/pins
CACHE=${PITSTOP_CACHE:-${HOME:?set HOME or PITSTOP_CACHE}/.cache/pitstop}
CACHE=$(realpath -m "$CACHE")
JOBS=${JOBS:-$(nproc)}

say() { printf '%s\n' "$*"; }
die() { printf 'deps: %s\n' "$*" >&2; exit 1; }

. "$HERE/recipes.sh"
. "$HERE/fetch.sh"

recipe_key() {
	{ cat "$HERE/recipes.sh" "$PINS"
	gcc -dumpmachine; gcc --version | head -n 1; } | sha256sum | cut -c1-16
}

package_of() { awk -v n="$1" '$1 == n { print $2 }' <<<"$LIBRARIES"; }

libraries_of_variant() {
	awk -v v="$1" 'NF && (v == "musl" || $1 != "musl") { print $1 }' \
		<<<"$LIBRARIES"
}

is_done() { [ -e "$PREFIX/.done/$1" ]; }

# The versions that were really used, for `pitstop version`.
record_version() { # LIBRARY VERSION
	local name=${1^^}
	printf '#define PITSTOP_%s_SOURCE "%s"\n' "$name" "$2" \
		>"$PREFIX/include/pitstop_deps/$1.h"
}

choose_compiler() {
	MAP="-ffile-prefix-map=$WORK=/deps"
	local flags=VARIANT_CFLAGS_$VARIANT
	CFLAGS=$(echo $COMMON_CFLAGS ${!flags} "$MAP")
	HOST=$(gcc -dumpmachine)
	CC=gcc
	if [ "$VARIANT" = musl ]; then
		CC=$PREFIX/bin/musl-gcc
		HOST=${HOST%%-*}-linux-musl
	fi
}

# The work of one library, its output in a log.
compile() { # LIBRARY PACKAGE VERSION
	unpack "$2" "$3" "$WORK/$1"
	cd "$WORK/$1"
	"build_$1"
	cd /
	rm -rf "${WORK:?}/$1"
}

build_library() { # LIBRARY, "[n/m]"
	local package log=$PREFIX/log/$1.log start=$SECONDS rc
	package=$(package_of "$1")
	fetch "$package"
	printf '%s %s %s: building… ' "$2" "$1" "$version"
	# Behind || or if, the subshell would ignore its set -e.
	set +e
	(set -ex; compile "$1" "$package" "$version") >"$log" 2>&1
	rc=$?
	set -e
	if [ $rc != 0 ]; then
		printf 'failed\n'
		tail -n 30 "$log" | cut -c 1-200 >&2
		die "$1 did not build; the whole log is $log"
	fi
	record_version "$1" "$version"
	: >"$PREFIX/.done/$1"
	say "$((SECONDS - start)) s"
}

build_all() { # LIBRARY...
	local n=0 lib
	for lib in "$@"; do
		n=$((n + 1))
		is_done "$lib" || build_library "$lib" "[$n/$#]"
	done
}

lock() {
	exec 9>"$CACHE/lock"
	flock -n 9 && return 0
	say "another build works in $CACHE: waiting for it"
	flock 9
}

print_if_ready() { # LIBRARY...
	local lib
	for lib in "$@"; do
		is_done "$lib" || return 0
	done
	say "$PREFIX"
}

ready=
if [ "${1-}" = --ready ]; then
	ready=yes
	shift
fi
VARIANT=${1:?which variant: musl or host}
shift
case $VARIANT in musl | host) ;; *) die "no variant $VARIANT" ;; esac
for lib in "$@"; do
	[ -n "$(package_of "$lib")" ] || die "no library $lib"
done
[ $# != 0 ] || set -- $(libraries_of_variant "$VARIANT")
command -v gcc >/dev/null || { [ -z "$ready" ] || exit 0; die "no gcc"; }
key=$(recipe_key)
PREFIX=$CACHE/$VARIANT-$key
WORK=$CACHE/work/$VARIANT-$key
if [ -n "$ready" ]; then
	print_if_ready "$@"
	exit
fi
mkdir -p "$PREFIX"/{.done,log,lib,include/pitstop_deps} "$WORK"
lock
choose_compiler
say "third-party libraries ($VARIANT) in $PREFIX"
build_all "$@"
rmdir "$WORK" 2>/dev/null || true
rm -rf "$CACHE/apt"
