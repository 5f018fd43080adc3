#!/bin/bash
# csp.sh PAGE: a C header with the Content-Security-Policy of a page: its one
# script and its one style by their hashes, requests to where it came from,
# images that it brings along, and nothing else.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C

# The bytes between <NAME> and </NAME>, each of which stands once and at the
# end of a line, as the browser hashes them.
source_of() { # NAME PAGE
	[ "$(grep -c "<$1>\$" "$2")" = 1 ] && [ "$(grep -c "<$1" "$2")" = 1 ] || {
		echo "$2: not just one <$1> at the end of a line" >&2
		exit 1
	}
	echo
	sed -n "/<$1>\$/,/^<\/$1>/{ /<$1>\$/d; /^<\/$1>/d; p; }" "$2"
}

hash_of() { # NAME PAGE
	local sum
	sum=$(source_of "$1" "$2" | sha256sum | cut -c 1-64 | sed 's/../\\x&/g')
	printf "'sha256-%s'" "$(printf "$sum" | base64)"
}

script=$(hash_of script "$1")
style=$(hash_of style "$1")
cat <<END
#define PAGE_CSP "default-src 'none'; script-src $script; " \\
	"style-src $style; connect-src 'self'; img-src data:; " \\
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " \\
	"trusted-types 'none'; require-trusted-types-for 'script'"
END
