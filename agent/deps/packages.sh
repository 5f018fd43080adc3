#!/bin/bash
# packages.sh GROUP...: installs the Debian packages of these groups (see the
# file packages) that are missing. Calls apt only when one is.
set -euo pipefail
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

LIST=$(dirname "$0")/packages
APT="apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0"

wanted() { # GROUP...
	awk -v groups=" $* " '/^[a-z]/ && index(groups, " " $1 " ") {
		print $2 }' "$LIST"
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
		installed ]
}

missing() { # PACKAGE...
	local p
	for p in "$@"; do
		is_installed "$p" || echo "$p"
	done
}

install_packages() { # PACKAGE...
	local sudo=
	if [ "$(id -u)" != 0 ]; then
		sudo=$(command -v sudo) || {
			echo "packages: not root and no sudo; install: $*" >&2
			exit 1
		}
		sudo="$sudo -E"
	fi
	no_services
	echo "packages: installing $*"
	quietly $sudo $APT update
	quietly $sudo $APT install -y --no-install-recommends "$@"
}

# What a package would start (nginx) stays as it is.
no_services() {
	local policy=/usr/sbin/policy-rc.d
	[ ! -e $policy ] || return 0
	printf '#!/bin/sh\nexit 101\n' | $sudo install -m 755 /dev/stdin $policy
	trap "$sudo rm $policy" EXIT
}

quietly() { # COMMAND...: its output only when it fails
	local out
	out=$("$@" </dev/null 2>&1) || {
		printf '%s\n' "$out" "packages: failed: $*" >&2
		exit 1
	}
}

# clang's sanitizer runtimes are in a package named after its version.
clang_runtime() {
	local v
	v=$(clang -dumpversion 2>/dev/null) || return 0
	echo "libclang-rt-${v%%.*}-dev"
}

install_missing() {
	local lacking
	lacking=$(missing "$@")
	[ -z "$lacking" ] || install_packages $lacking
}

if ! command -v dpkg-query >/dev/null; then
	echo "packages: no Debian system; needed are:" $(wanted "$@") >&2
	exit 0
fi
install_missing $(wanted "$@")
case " $* " in *" test "*) install_missing $(clang_runtime) ;; esac
