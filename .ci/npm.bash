# Sourced by what runs libraries of others from npm: `npm_install package...` puts them into
# $work, a throwaway folder, and runs none of their scripts. Its caller has a left_out, which
# says that something can't be had here, and ends the script.
#
# Needs Node with npm; on Debian root installs them.

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# debian installs packages, which only root can do.
debian() {
	command -v apt-get >/dev/null || left_out "missing: $* (and no apt-get to install it with)"
	[ "$(id -u)" -eq 0 ] || left_out "missing: $* (and only root can install it)"
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >"$work/apt.log" 2>&1 ||
		left_out "$* can't be installed: $(tail -n 1 "$work/apt.log")"
}

npm_install() {
	if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
		debian nodejs npm
	fi
	echo '{"private":true}' >"$work/package.json"
	(cd "$work" && npm install --no-fund --no-audit --ignore-scripts "$@") >"$work/npm.log" 2>&1 ||
		left_out "npm can't fetch $*: $(tail -n 1 "$work/npm.log")"
}
