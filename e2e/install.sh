#!/usr/bin/env bash
# Installs from Debian's packages what the tests need beside Go and is missing:
# a C compiler for the race detector, PostgreSQL, PgBouncer, nginx, HAProxy, Caddy, Node.js, Chromium, Firefox,
# shells for their completion, mandoc for the manual, systemd to check its unit (it does not run);
# and with npm the official client and the apps that the tests drive, with pip what they
# run in Python.
set -euo pipefail
cd "$(dirname "$0")"
# Where Debian has servers, and not everyone's PATH leads.
PATH=$PATH:/usr/sbin

missing=()
need() { # need COMMAND PACKAGE...
	local command=$1
	shift
	command -v "$command" >/dev/null || missing+=("$@")
}
need gcc gcc libc6-dev
need git git
need curl curl
need openssl openssl
need pgbouncer pgbouncer
need nginx nginx
need haproxy haproxy
need caddy caddy
need node nodejs
need npm npm
need chromium chromium
need chromium-headless-shell chromium-headless-shell
need firefox-esr firefox-esr
need zsh zsh
need fish fish
need mandoc mandoc
need systemd-analyze systemd
# Debian keeps what venv needs in a package of its own.
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3 python3-venv)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || need postgres postgresql

if [ ${#missing[@]} -gt 0 ]; then
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
fi

# Nothing is installed where the lock is the one that was installed last.
packages() { # packages FOLDER WHAT
	local installed=$1/node_modules/.installed-lock.json
	if ! cmp -s "$1/package-lock.json" "$installed"; then
		echo "installing $2"
		(cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
		cp "$1/package-lock.json" "$installed"
	fi
}
# In client/package-lock.json two dependencies of Lighthouse's were "latest", which npm
# looks up anew, to find that the lock does not have it. They are numbers there; an
# npm install puts "latest" back. In vite/package-lock.json an optional dependency of Vite's for
# Windows is left out: no registry needs to have it.
packages client "the official client"
packages vite "Vite and what its scaffold needs"
packages backend "Express, jose and ws"
packages next "Next.js"

# Likewise with the Python packages.
installed=python/.venv/.installed.txt
if ! cat python/*.txt | cmp -s - "$installed"; then
	echo "installing the Python packages"
	python3 -m venv --clear python/.venv
	for list in python/*.txt; do
		python/.venv/bin/pip install --quiet --disable-pip-version-check --no-input -r "$list"
	done
	# Hypothesis's tables of Unicode. Otherwise each of the first test's processes would compute them.
	HYPOTHESIS_STORAGE_DIRECTORY=python/.venv/hypothesis python/.venv/bin/python -c \
		'from hypothesis import strategies; strategies.characters(codec="utf-8", categories=["Lu"]).validate()'
	cat python/*.txt >"$installed"
fi
