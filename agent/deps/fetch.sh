# Sourced by build.sh: brings the pinned sources into $CACHE/src/PACKAGE/VERSION.
#
# apt does the fetching, with a configuration of its own under $CACHE/apt, so
# the machine's sources, lists and caches stay as they are. apt checks every
# file against the signed index; pins checks it a second time.

SUITES="trixie bookworm"
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

pinned_version() { awk -v p="$1" '/^[a-z]/ && $1 == p { print $2 }' "$PINS"; }

# "sha256  file" lines of a package, as sha256sum reads them.
pinned_files() {
	awk -v p="$1" '/^[a-z]/ { on = $1 == p }
		/^ / && on { print $1 "  " $2 }' "$PINS"
}

# The address of the archive that the machine's own apt uses: $1 is a pattern
# for the suite. Debian's own archive goes before others with such a suite.
archive_uri() {
	apt-get indextargets --no-release-info \
		--format '$(REPO_URI) $(RELEASE) $(COMPONENT)' |
		awk -v suite="$1" '$2 ~ suite && $3 == "main" {
			last = $1 ~ /debian(-security)?\/$/ ? 0 : 1
			print last, $1 }' | sort -s -u | awk 'NR == 1 { print $2 }'
}

sources_entry() { # URI SUITE...
	local uri=$1
	shift
	printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\n' \
		"$uri" "$*"
	printf 'Signed-By: %s\n\n' "$KEYRING"
}

write_apt_sources() {
	local main security s
	main=${PITSTOP_DEB_URI:-$(archive_uri \
		'^([a-z]+|(old)*stable|testing|unstable)$')}
	security=${PITSTOP_DEB_SECURITY_URI:-$(archive_uri \
		'^[a-z]+(-security|/updates)$')}
	[ -n "$main" ] || die "no Debian archive among apt's sources;" \
		"set PITSTOP_DEB_URI to one that has $SUITES"
	for s in $SUITES; do
		sources_entry "$main" "$s" "$s-updates"
		[ -z "$security" ] || sources_entry "$security" "$s-security"
	done
}

apt_is_ready=
apt_setup() {
	[ -z "$apt_is_ready" ] || return 0
	local a=$CACHE/apt sources part
	[ -r $KEYRING ] || die "$KEYRING is missing;" \
		"install debian-archive-keyring"
	rm -rf "$a"
	mkdir -p "$a/state/lists/partial" "$a/cache/archives/partial" \
		"$a/sources" "$a/parts"
	# The machine's settings (proxies), but not its hooks, which may clean
	# the system's caches.
	for part in /etc/apt/apt.conf.d/*; do
		[ ! -f "$part" ] || ln -s "$part" "$a/parts/"
	done
	cat >"$a/parts/zz-pitstop" <<-END
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	END
	sources=$(write_apt_sources)
	printf '%s\n' "$sources" >"$a/sources/pitstop.sources"
	cat >"$a/apt.conf" <<-END
		Dir::State "$a/state";
		Dir::State::status "/var/lib/dpkg/status";
		Dir::Cache "$a/cache";
		Dir::Etc::sourcelist "/dev/null";
		Dir::Etc::sourceparts "$a/sources";
		Dir::Etc::parts "$a/parts";
		APT::Sandbox::User "root";
	END
	say "  reading the package indexes of $SUITES"
	APT_CONFIG=$a/apt.conf apt-get -qq update ||
		die "apt-get update failed for $a/sources/pitstop.sources"
	apt_is_ready=yes
}

download() { # PACKAGE VERSION: into the current directory
	local only=
	[ "$1" != nodejs ] || only=--tar-only
	APT_CONFIG=$CACHE/apt/apt.conf apt-get -qq source --download-only $only \
		"$1=$2" >apt.log 2>&1
}

versions_on_offer() { # PACKAGE: newest first
	APT_CONFIG=$CACHE/apt/apt.conf apt-cache showsrc --only-source "$1" |
		awk '$1 == "Version:" { print $2 }' | sort -rVu
}

# Files that pins names must be as pinned, whatever version they came with
# (a new Debian revision usually keeps the upstream archive).
check_pinned_files() { # PACKAGE DIR all|present
	local sum file
	while read -r sum file; do
		if [ ! -e "$2/$file" ]; then
			[ "$3" = present ] || return 1
			continue
		fi
		echo "$sum  $2/$file" | sha256sum --status -c - && continue
		[ "$3" = all ] || die "$file: its sha256 is not the pinned one"
		return 1
	done < <(pinned_files "$1")
}

fetch_version() { # PACKAGE VERSION
	local dir=$CACHE/src/$1/$2
	mkdir -p "$dir"
	(cd "$dir" && download "$1" "$2") || return 1
	check_pinned_files "$1" "$dir" present
}

fetch_newest_instead() { # PACKAGE PINNED: sets $version
	for version in $(versions_on_offer "$1"); do
		[ "$version" != "$2" ] || continue
		if fetch_version "$1" "$version"; then
			warn_other_version "$1" "$2" "$version"
			return 0
		fi
	done
	die "$1: neither $2 nor another version can be fetched;" \
		"see $CACHE/src/$1/*/apt.log"
}

warn_other_version() { # PACKAGE PINNED USED
	cat >&2 <<-END
		  ***
		  *** $1 $2 is pinned, but the mirror does not have it any more.
		  *** Using $3 instead, its new files checked against apt's
		  *** signed index only. agent/deps/pins should be updated.
		  ***
	END
}

fetch() { # PACKAGE: sets $version to the one that is there in the end
	version=$(pinned_version "$1")
	[ -n "$version" ] || die "$1 is not in $PINS"
	! check_pinned_files "$1" "$CACHE/src/$1/$version" all || return 0
	apt_setup
	say "  fetching $1 $version"
	fetch_version "$1" "$version" || fetch_newest_instead "$1" "$version"
}

unpack() { # PACKAGE VERSION DIR
	local src=$CACHE/src/$1/$2 tars
	rm -rf "$3"
	if [ "$1" = nodejs ]; then
		mkdir -p "$3"
		tars=("$src"/nodejs_*.orig.tar.xz)
		tar xJf "${tars[0]}" -C "$3" --strip-components=3 \
			--wildcards '*/deps/llhttp'
	else
		dpkg-source --no-copy --no-check -x "$src"/*.dsc "$3"
	fi
}
