#!/usr/bin/env bash
# Installs what make bench needs beside Go: wrk, nginx, PostgreSQL and Node.js from Debian's
# packages, oauth2-proxy and PocketBase as Go modules, Better Auth and Next.js from npm.
# What is there stays. Of all this, make test needs only nginx and PostgreSQL.
set -euo pipefail
cd "$(dirname "$0")"
PATH=$PATH:/usr/sbin
oauth2_proxy=v7.15.6

missing=()
need() { command -v "$1" >/dev/null || missing+=("$2"); }
need wrk wrk
need nginx nginx
need node nodejs
need npm npm
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || need postgres postgresql
if [ ${#missing[@]} -gt 0 ]; then
	as_root=()
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || {
			echo "make bench needs: ${missing[*]}; install them: apt-get install ${missing[*]}" >&2
			exit 1
		}
		as_root=(sudo)
	fi
	export DEBIAN_FRONTEND=noninteractive
	"${as_root[@]}" apt-get update -qq
	"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

tools=$(cd .. && pwd)/bin/bench-tools
mkdir -p "$tools"
if ! go version -m "$tools/oauth2-proxy" 2>/dev/null | grep -q "oauth2-proxy/v7[[:space:]]$oauth2_proxy"; then
	echo "building oauth2-proxy $oauth2_proxy"
	GOBIN=$tools go install "github.com/oauth2-proxy/oauth2-proxy/v7@$oauth2_proxy"
fi
# Go notices by itself whether anything is to be done.
(cd pocketbase && go build -o "$tools/pocketbase" .)

installed=betterauth/node_modules/.installed-lock.json
if ! cmp -s betterauth/package-lock.json "$installed"; then
	echo "installing Better Auth and Next.js"
	(cd betterauth && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
	cp betterauth/package-lock.json "$installed"
	rm -rf betterauth/.next
fi
sources=(betterauth/app betterauth/lib betterauth/next.config.js)
if [ ! -e betterauth/.next/BUILD_ID ] || [ -n "$(find "${sources[@]}" -newer betterauth/.next/BUILD_ID -print -quit)" ]; then
	echo "building the app with Better Auth"
	(cd betterauth && NEXT_TELEMETRY_DISABLED=1 npm run --silent build)
fi
