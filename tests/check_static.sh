#!/bin/sh
# check_static.sh BINARY: fails unless it is a hardened static PIE, because a
# compiler that does not know musl's -static-pie makes a dynamic one in
# silence.
set -eu
export LC_ALL=C
binary=$1
wrong=0

headers=$(readelf -hlW "$binary")
dynamic=$(readelf -dW "$binary")

complain() {
	echo "$binary: $1" >&2
	wrong=1
}
has() { printf '%s\n' "$1" | grep -Eq "$2"; }

! has "$headers" '^ *INTERP ' || complain 'has an INTERP segment'
! has "$dynamic" '\(NEEDED\)' || complain 'has NEEDED libraries'
has "$headers" 'Type: *DYN' || complain 'is not position independent'
has "$headers" '^ *GNU_RELRO ' || complain 'has no GNU_RELRO segment'
has "$dynamic" 'BIND_NOW|FLAGS_1.*NOW' || complain 'is not BIND_NOW'
has "$headers" '^ *GNU_STACK .* RW  *0x' || complain 'has an executable stack'
exit $wrong
