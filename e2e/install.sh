#!/usr/bin/env bash
# Installs from Debian's packages what the tests need beside Go and is missing:
# a C compiler for the race detector, PostgreSQL, PgBouncer.
set -euo pipefail

missing=()
need() { # need COMMAND PACKAGE...
	local command=$1
	shift
	command -v "$command" >/dev/null || missing+=("$@")
}
need gcc gcc libc6-dev
need git git
need curl curl
need pgbouncer pgbouncer
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || need postgres postgresql

[ ${#missing[@]} -eq 0 ] && exit 0
echo "installing for the tests: ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || {
		echo "make test needs: ${missing[*]}; install them: apt-get install ${missing[*]}" >&2
		exit 1
	}
	as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
