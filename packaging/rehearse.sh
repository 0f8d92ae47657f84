#!/usr/bin/env bash
# Rehearses on one machine, without root, what docs/deploy.md does on a server: Vestibule from
# a release archive behind https, with metrics, traces, a backup under load, and its restore in
# another folder. It ends everything that it has started, and needs about half a minute.
#
#   packaging/rehearse.sh vestibule_v1.2.3_linux_amd64.tar.gz
#
# It needs caddy, curl, openssl, promtool (of Prometheus), and otelcol (of OpenTelemetry) in PATH.
# PORTS are five free ports, if those below are in use.
set -euo pipefail

[ $# = 1 ] || { echo "usage: $0 ARCHIVE" >&2; exit 2; }
# The settings in this shell may be those of a real installation. Its database is not for a rehearsal.
[ "${REHEARSING:-}" ] ||
	exec env -i REHEARSING=1 PATH="$PATH" HOME="${HOME:-/}" TMPDIR="${TMPDIR:-/tmp}" PORTS="${PORTS:-}" "$BASH" "$0" "$1"
for tool in caddy curl openssl promtool otelcol; do
	command -v $tool >/dev/null || { echo "$tool is not in PATH" >&2; exit 2; }
done
archive=$(realpath "$1")
read -r https bff api admin otlp <<<"${PORTS:-8443 3000 8000 9090 4318}"
site=https://localhost:$https

work=$(mktemp -d)
step=0
pids=()
finish() {
	local code=$?
	if [ $code != 0 ]; then
		echo "failed in step $step; the ends of the logs:" >&2
		tail -n 20 "$work"/*.log | cut -c 1-300 >&2 || true
	fi
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait
	rm -rf "$work"
	exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM

say() { step=$((step + 1)); printf '%2d. %s\n' $step "$1"; }

# until_ok WHAT COMMAND... repeats a command until it succeeds, for a minute at most.
until_ok() {
	local what=$1 end=$((SECONDS + 60))
	shift
	until "$@" >"$work/last.log" 2>&1; do
		if [ $SECONDS -ge $end ]; then
			echo "gave up waiting: $what" >&2
			return 1
		fi
		sleep 0.2
	done
}

# browse PATH [CURL OPTION...] sends a request as a page of the site does.
browse() {
	local path=$1
	shift
	curl --silent --show-error --fail --max-time 20 --cacert "$work/ca.crt" --cookie "$work/cookies" \
		--header "Origin: $site" "$@" "$site$path"
}

say "unpack the archive into an empty folder"
cd "$work"
tar -xzf "$archive" --strip-components=1 --one-top-level=release
PATH=$work/release:$PATH
vestibule version

say "start a collector of traces"
cat >collector.yaml <<END
receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:$otlp
exporters:
  debug:
    verbosity: detailed
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [debug]
END
otelcol --config=collector.yaml >otelcol.log 2>&1 &
pids+=($!)

say "write the settings and the secret, check them, and start Vestibule"
openssl rand -hex 32 >better-auth-secret
chmod 600 better-auth-secret
export BASE_URL=$site TRUSTED_PROXIES=127.0.0.1 BETTER_AUTH_SECRET_FILE=$work/better-auth-secret
export BFF_ADDR=localhost:$bff API_ADDR=localhost:$api ADMIN_ADDR=localhost:$admin LOG_FORMAT=json
export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:$otlp OTEL_BSP_SCHEDULE_DELAY=200
mkdir -m 700 one two
serve() { # serve FOLDER starts Vestibule there, in place of the one that ran before
	(cd "$1" && exec vestibule serve) >>"$1.log" 2>&1 &
	vestibule=$!
	pids+=($vestibule)
	until_ok "vestibule is ready" vestibule health
}
(cd one && vestibule doctor)
serve one

say "start Caddy in front, with a certificate of its own authority"
cat >Caddyfile <<END
{
	admin off
	auto_https disable_redirects
	skip_install_trust
	storage file_system $work/caddy
	servers {
		# No HTTP/3: its UDP port may be in use.
		protocols h1 h2
	}
}
$site {
	tls internal
	reverse_proxy 127.0.0.1:$bff
}
END
HOME=$work caddy run --config Caddyfile --adapter caddyfile >caddy.log 2>&1 &
pids+=($!)
authority=caddy/pki/authorities/local/root.crt
until_ok "Caddy has made its authority" test -s $authority
cp $authority ca.crt
until_ok "https answers" browse /api/auth/ok

say "check the site from outside, as browsers see it"
SSL_CERT_FILE=$work/ca.crt vestibule doctor "$site" --bff-addr="$BFF_ADDR" --api-addr="$API_ADDR" --admin-addr="$ADMIN_ADDR"

say "create the first user, and sign in"
echo paper-lantern-42 | (cd one && vestibule user create ada@example.com --name=Ada)
browse /api/auth/login --cookie-jar cookies --json '{"email":"ada@example.com","password":"paper-lantern-42"}' --output /dev/null
grep -q '#HttpOnly_localhost.*TRUE.*__Host-' cookies # Secure

say "scrape the metrics"
curl --silent --fail --max-time 20 "http://localhost:$admin/metrics" >metrics
promtool check metrics <metrics
grep -e '^vestibule_sessions_live ' -e '^vestibule_audit_events_total{event="sign-in"}' metrics

say "find one trace at the collector, from a client to the database"
trace=$(openssl rand -hex 16)
browse /api/proxy/me/tasks --header "traceparent: 00-$trace-00f067aa0ba902b7-01" --output /dev/null
traced() { # the spans that the collector prints: each has its trace first, and then its name
	grep -A 6 "Trace ID *: $trace" otelcol.log | sed -n 's/^ *Name *: /    /p'
}
has_spans() { [ "$(traced | wc -l)" -ge 4 ]; }
until_ok "the trace has its spans" has_spans
traced

say "back up while users write"
touch acknowledged
load() { # writes tasks, and the title of each one that was acknowledged
	local n=0
	while [ ! -e stop ] && [ $n -lt 2000 ]; do
		n=$((n + 1))
		if browse /api/proxy/me/tasks --json "{\"title\":\"task-$1-$n\"}" --output /dev/null 2>>load.log; then
			echo "task-$1-$n" >>acknowledged
		fi
	done
}
writers=()
for i in 1 2; do
	load $i &
	writers+=($!)
	pids+=($!)
done
acknowledged() { [ "$(wc -l <acknowledged)" -ge "$1" ]; }
until_ok "20 tasks were acknowledged" acknowledged 20
cp acknowledged before
(cd one && vestibule backup "$work/backup.db")
until_ok "the writers go on" acknowledged $(($(wc -l <before) + 5))
touch stop
wait "${writers[@]}"

say "lose the server, restore the backup in another folder, and start there"
kill "$vestibule"
wait "$vestibule"
mv one lost
(cd two && vestibule restore "$work/backup.db" --keep-sessions)
serve two

say "find every task that was acknowledged before the backup, with the same session"
until_ok "https answers again" browse /api/auth/ok
browse /api/auth/session --output session
grep -q '"email":"ada@example.com"' session
browse /api/proxy/me/tasks | grep -o '"title":"[^"]*"' | cut -d '"' -f 4 | sort >restored
sort before >wanted
missing=$(comm -23 wanted restored)
if [ -n "$missing" ]; then
	printf 'these acknowledged tasks are missing:\n%s\n' "$missing" >&2
	exit 1
fi
echo "    $(wc -l <wanted) of $(wc -l <wanted) tasks are there, and $(($(wc -l <restored) - $(wc -l <wanted))) that came during the backup"
