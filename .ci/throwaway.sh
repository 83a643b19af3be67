#!/bin/bash
# A host's view of the module: a throwaway module that requires ours, imports every
# public package, builds from the module cache alone, and ends up with no module or
# version that our own go.mod does not name.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export GOWORK=off GOPROXY=off GOTOOLCHAIN=local

cd "$root"
module=$(go list -m)
mapfile -t public < <(go list -f '{{if ne .Name "main"}}{{if .GoFiles}}{{.ImportPath}}{{end}}{{end}}' ./... |
	grep -Ev '(^|/)(internal|examples)(/|$)')
if [ "${#public[@]}" -eq 0 ]; then
	echo "no public package found" >&2
	exit 1
fi

# requirements prints "module version" for each requirement of the go.mod in $1.
requirements() {
	awk '$1 == "require" && $2 != "(" { print $2, $3 } /^require \(/ { in_block = 1; next } /^\)/ { in_block = 0 }
		in_block && NF && $1 !~ /^\/\// { print $1, $2 }' "$1/go.mod" | sort
}

# needed prints "module version" for each module that provides a package to $2..., seen from folder $1.
needed() {
	(cd "$1" && shift && go list -deps -f '{{with .Module}}{{.Path}} {{.Version}}{{end}}' "$@") |
		awk -v own="$module" 'NF == 2 && $1 != own' | sort -u
}

{
	echo "module throwaway"
	grep '^go ' go.mod
	echo "require $module v0.0.0"
	echo "replace $module => $root"
} >"$dir/go.mod"
cp go.sum "$dir/go.sum"
{
	echo "package main"
	echo "import ("
	printf '\t_ "%s"\n' "${public[@]}"
	echo ")"
	echo "func main() {}"
} >"$dir/main.go"

(cd "$dir" && go build -mod=mod -o /dev/null .)

requirements "$root" >"$dir/ours"
requirements "$dir" | grep -v "^$module " >"$dir/theirs" || true
needed "$root" "${public[@]}" >"$dir/needed"
needed "$dir" -mod=mod . >"$dir/got"

failed=0
if ! diff -u --label "our public packages need" --label "a host gets" "$dir/needed" "$dir/got"; then
	failed=1
fi
extra=$(comm -13 "$dir/ours" "$dir/theirs")
if [ -n "$extra" ]; then
	printf 'a host is made to require what our go.mod does not:\n%s\n' "$extra" >&2
	failed=1
fi
[ "$failed" -eq 0 ] || exit 1

echo "${#public[@]} public packages build in a module of their own with $(wc -l <"$dir/got") modules"
tests=$(comm -23 "$dir/ours" "$dir/got" | tr '\n' ';')
[ -z "$tests" ] || echo "required by our tests or programs only: ${tests%;}"
