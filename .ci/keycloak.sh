#!/bin/bash
# Runs a command beside a Keycloak of its own, which is gone afterwards:
#
#   .ci/keycloak.sh                   the tests of internal/interop that need one
#   .ci/keycloak.sh command [argument...]
#
# The command finds it in ACCESSSEC_TEST_KEYCLOAK, and the password of its administrator
# and of its one user in ACCESSSEC_TEST_KEYCLOAK_PASSWORD. The realm is that of
# internal/interop/testdata/realm.json; its keys and passwords are made anew each time.
#
# Needs Java 17 or later and Maven, or root on Debian to install them with. The
# distribution comes from Maven Central and is kept in ACCESSSEC_CACHE, which is
# ~/.cache/accesssec where it isn't set. Where it can't be had, this script says so and
# ends well; with ACCESSSEC_REQUIRE_KEYCLOAK=1 that is a failure.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=26.4.7
sum=aca60ab72ae4d67adc6b8fe7fca5e08d16a6bb5e4a4f2ebb54050e3f5503fd2b
cache=${ACCESSSEC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/accesssec}
archive=$cache/keycloak-$version.tar.gz

left_out() {
	echo "left out: logins at Keycloak: $*"
	[ -z "${ACCESSSEC_REQUIRE_KEYCLOAK:-}" ] || exit 1
	exit 0
}

work=$(mktemp -d)
server=
stop() {
	if [ -n "$server" ]; then
		kill -- -"$server" 2>/dev/null || true
		wait "$server" 2>/dev/null || true
	fi
	rm -rf "$work"
}
trap stop EXIT

# debian installs packages, which only root can do.
debian() {
	command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ] || return 1
	DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# java_version prints the major version of the Java on the path.
java_version() { java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java.specification.version = //p'; }

intact() { [ -f "$1" ] && echo "$sum  $1" | sha256sum --status -c -; }

# download puts the distribution into the cache, whole or not at all.
download() {
	command -v mvn >/dev/null || debian maven || left_out "Maven can't be installed"
	if ! mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get -Dtransitive=false \
		-Dartifact="org.keycloak:keycloak-quarkus-dist:$version:tar.gz" \
		-Dmaven.repo.local="$work/maven" >"$work/maven.log" 2>&1; then
		left_out "its distribution can't be fetched: $(grep -m 1 ERROR "$work/maven.log" || tail -n 1 "$work/maven.log")"
	fi
	local fetched=$work/maven/org/keycloak/keycloak-quarkus-dist/$version/keycloak-quarkus-dist-$version.tar.gz
	if ! intact "$fetched"; then
		echo "the distribution of Keycloak $version is not the one that was looked at: $(sha256sum "$fetched")" >&2
		exit 1
	fi
	mkdir -p "$cache"
	local fresh
	fresh=$(mktemp "$cache/keycloak.XXXXXX")
	cp "$fetched" "$fresh"
	mv "$fresh" "$archive"
	rm -rf "$work/maven"
}

if ! command -v java >/dev/null || [ "$(java_version | cut -d. -f1)" -lt 17 ]; then
	debian openjdk-17-jre-headless || left_out "Java 17 can't be installed"
fi
intact "$archive" || download

tar -xzf "$archive" -C "$work"
home=$work/keycloak-$version
mkdir -p "$home/data/import"
cp "$root/internal/interop/testdata/realm.json" "$home/data/import/"

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
export ACCESSSEC_TEST_KEYCLOAK_PASSWORD=$password

# start runs Keycloak on a port of its own and waits until it has the realm.
start() {
	local port=$(((RANDOM % 20000) + 20000))
	export ACCESSSEC_TEST_KEYCLOAK=http://127.0.0.1:$port
	# In a process group of its own, since its script starts Java as a child.
	set -m
	KC_BOOTSTRAP_ADMIN_USERNAME=admin KC_BOOTSTRAP_ADMIN_PASSWORD=$password JAVA_OPTS_KC_HEAP="-Xms64m -Xmx768m" \
		"$home/bin/kc.sh" start-dev --db=dev-mem --http-host=127.0.0.1 --http-port="$port" \
		--http-management-port=$((port + 20000)) --import-realm >"$work/keycloak.log" 2>&1 </dev/null &
	server=$!
	set +m
	local deadline=$((SECONDS + 600))
	until grep -q 'started in .* Listening on' "$work/keycloak.log"; do
		if ! kill -0 "$server" 2>/dev/null; then
			server=
			return 1
		fi
		if [ "$SECONDS" -ge "$deadline" ]; then
			echo "Keycloak has not started in 10 minutes" >&2
			return 1
		fi
		sleep 1
	done
}

# A port may be somebody else's: another one is tried once.
if ! start && { [ -n "$server" ] || ! start; }; then
	tail -n 40 "$work/keycloak.log" >&2
	exit 1
fi
echo "Keycloak $version runs at $ACCESSSEC_TEST_KEYCLOAK"

status=0
if [ $# -gt 0 ]; then
	"$@" || status=$?
else
	cd "$root/internal/interop"
	GOWORK=off go test -count=1 -timeout=20m -run '^TestKeycloak' . || status=$?
fi
if [ "$status" -ne 0 ]; then
	grep -E ' (ERROR|WARN) ' "$work/keycloak.log" | tail -n 40 >&2 || true
fi
exit "$status"
