#!/bin/bash
# Runs a command beside a PostgreSQL of its own, which is gone afterwards:
#
#   .ci/postgresql.sh go test ./store/sqlstore/sqltest
#
# The command finds it in ACCESSSEC_TEST_POSTGRESQL. Needs PostgreSQL's server programs,
# or root on Debian to install them with.
set -euo pipefail

if [ $# -eq 0 ]; then
	echo "usage: .ci/postgresql.sh command [argument...]" >&2
	exit 2
fi

programs() {
	if command -v initdb >/dev/null; then
		dirname "$(readlink -f "$(command -v initdb)")"
	else
		find /usr/lib/postgresql -name initdb -printf '%h\n' 2>/dev/null | sort -V | tail -n 1
	fi
}
bin=$(programs)
if [ -z "$bin" ]; then
	if ! command -v apt-get >/dev/null; then
		echo "missing: PostgreSQL (and no apt-get to install it with)" >&2
		exit 1
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends postgresql >/dev/null
	bin=$(programs)
fi

# The server refuses to run as root.
as_owner() { "$@"; }
if [ "$(id -u)" -eq 0 ]; then
	as_owner() { su postgres -s /bin/bash -c "$(printf '%q ' "$@")"; }
fi

data=$(as_owner mktemp -d)
stop() {
	as_owner "$bin/pg_ctl" -D "$data/db" -m immediate -w stop >/dev/null 2>&1 || true
	rm -rf "$data"
}
trap stop EXIT

port=$(((RANDOM % 12000) + 20000)) # below those that the system gives away
as_owner "$bin/initdb" -D "$data/db" -U accesssec -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
# Nothing in it outlives the run, so it may lose it all with the power.
as_owner "$bin/pg_ctl" -D "$data/db" -w -t 60 -l "$data/log" -o "-p $port -c listen_addresses=127.0.0.1 \
-c unix_socket_directories=$data -c max_connections=200 -c shared_buffers=256MB \
-c max_pred_locks_per_transaction=256 ${POSTGRESQL_OPTIONS:--c fsync=off -c synchronous_commit=off -c full_page_writes=off}" start >/dev/null ||
	{
		cat "$data/log" >&2
		exit 1
	}

# In a database whose own order of text is not that of bytes.
as_owner "$bin/psql" -q -h 127.0.0.1 -p "$port" -U accesssec -d postgres -v ON_ERROR_STOP=1 \
	-c "CREATE DATABASE test TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"

export ACCESSSEC_TEST_POSTGRESQL="postgres://accesssec@127.0.0.1:$port/test?sslmode=disable"
status=0
"$@" || status=$?
exit "$status"
