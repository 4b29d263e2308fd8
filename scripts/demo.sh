#!/usr/bin/env bash
# The demo: starts Slipway on this machine with its data in .demo, makes the
# owner, pushes an example with git and says where everything is.
#
#   scripts/demo.sh up     EXAMPLE=go-hello|static-site|worker  DETACH=1
#   scripts/demo.sh down   PURGE=1 deletes the data too
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
demo=$root/.demo
slipway=$root/bin/slipway
example=${EXAMPLE:-go-hello}
app=${example#go-}
export SLIPWAY_INSTALLATION=slipway-demo SLIPWAY_DATA=$demo/data
export XDG_CONFIG_HOME=$demo/config # the demo's login is not the user's own

say() { printf '\n==> %s\n' "$*"; }
die() { printf 'demo: %s\n' "$*" >&2; exit 1; }
is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
is_up() { [ -f "$demo/server.pid" ] && kill -0 "$(cat "$demo/server.pid")" 2>/dev/null; }

# pick NAME FIRST: a free port, the one of the last run if possible.
pick() {
	local port=${!1:-$2}
	until is_free "$port" && [[ " $taken " != *" $port "* ]]; do port=$((port + 1)); done
	[ "$port" = "$2" ] || [ "$port" = "${!1:-}" ] || echo "    Port $2 is taken; using $port."
	taken+=" $port"
	printf -v "$1" %s "$port"
}

choose_ports() {
	taken=
	# shellcheck source=/dev/null
	if [ -f "$demo/ports" ]; then . "$demo/ports"; fi
	pick dashboard_port 8000
	pick http_port 8080
	pick https_port 8443
	printf '%s=%s\n' dashboard_port "$dashboard_port" http_port "$http_port" https_port "$https_port" >"$demo/ports"
	export SLIPWAY_LISTEN=127.0.0.1:$dashboard_port
	export SLIPWAY_ROUTER_HTTP=127.0.0.1:$http_port SLIPWAY_ROUTER_HTTPS=127.0.0.1:$https_port
}

start_server() {
	say "Starting Slipway (data: .demo/data, log: .demo/server.log)"
	# A session of its own: Ctrl-C here ends the demo in order, not all at once.
	setsid "$slipway" server >"$demo/server.log" 2>&1 </dev/null &
	echo $! >"$demo/server.pid"
	wait_for "http://$SLIPWAY_LISTEN/readyz" 'Slipway'
	if [ "$1" = new ]; then echo "    Postgres, router and dashboard are up."; fi
}

# wait_for URL WHAT: until it answers 2xx, as long as the server lives.
wait_for() {
	local deadline=$((SECONDS + 120))
	until curl -fsS -o /dev/null --max-time 5 "$1" 2>/dev/null; do
		is_up || { tail -20 "$demo/server.log" >&2; die "the server ended; its log is .demo/server.log"; }
		if [ $SECONDS -ge $deadline ]; then tail -20 "$demo/server.log" >&2; die "$2 did not answer within 2 minutes at $1"; fi
		printf .
		sleep 0.3 # between two questions
	done
	printf '\n'
}

make_owner() {
	[ -s "$demo/token" ] && return
	say 'Making the owner demo@example.com (password: .demo/password)'
	local link jar
	link=$(cat "$SLIPWAY_DATA/bootstrap-link")
	(umask 077 && head -c 18 /dev/urandom | base64 | tr '+/' '-_' >"$demo/password" && : >"$demo/token")
	jar=$(mktemp)
	# Secrets go through standard input and files: arguments are for all to see.
	printf '{"token":"%s","email":"demo@example.com","name":"Demo","password":"%s"}' "${link#*token=}" "$(cat "$demo/password")" |
		curl -fsS -c "$jar" -H 'Content-Type: application/json' -d @- -o /dev/null "http://$SLIPWAY_LISTEN/api/v1/setup"
	curl -fsS -b "$jar" -H 'Content-Type: application/json' -d '{"name":"demo","scopes":["admin"]}' "http://$SLIPWAY_LISTEN/api/v1/tokens" |
		sed -n 's/.*"token":"\(slw_[^"]*\)".*/\1/p' >"$demo/token"
	rm -f "$jar"
	[ -s "$demo/token" ] || die 'no API token was made'
}

# prepare_source puts the example into a repository of its own.
prepare_source() {
	[ -d "examples/$example" ] || die "there is no examples/$example"
	local dir=$demo/$app
	if [ ! -d "$dir/.git" ]; then
		mkdir -p "$dir"
		cp -r "examples/$example/." "$dir"
		git -C "$dir" init -q -b main
		git -C "$dir" config user.name Demo
		git -C "$dir" config user.email demo@example.com
	fi
	if [ -f "examples/$example/main.go" ]; then
		say "Compiling examples/$example for its image FROM scratch"
		CGO_ENABLED=0 GOOS=linux go build -buildvcs=false -ldflags '-s -w' -o "$dir/$app" "./examples/$example"
	fi
	# git asks for the password; any user name and the token are what it gets.
	git -C "$dir" config --replace-all credential.helper ''
	git -C "$dir" config --add credential.helper "!f() { echo username=demo; echo password=\$(cat '$demo/token'); }; f"
	git -C "$dir" remote remove slipway 2>/dev/null || true
	git -C "$dir" remote add slipway "$SLIPWAY_URL/$app.git"
	git -C "$dir" add -A
	git -C "$dir" diff --cached --quiet || git -C "$dir" commit -qm 'Deploy the example'
}

push() {
	say "git push slipway main   (in .demo/$app)"
	git -C "$demo/$app" push slipway main
	app_url=$("$slipway" open -a "$app")
	wait_for "$app_url" "$app"
}

write_env() {
	(
		umask 077
		printf 'export %s=%q\n' SLIPWAY_URL "$SLIPWAY_URL" SLIPWAY_TOKEN "$SLIPWAY_TOKEN" \
			APP_URL "$app_url" ROUTER_URL "http://127.0.0.1:$http_port" >"$demo/env"
	)
}

summary() {
	cat <<-END

		    Your app     $app_url
		    Dashboard    $("$slipway" dashboard 2>/dev/null)
		                 (signs you in once; after that demo@example.com with .demo/password)

		    Three things to try, after  . .demo/env && cd .demo/$app && PATH=$root/bin:\$PATH
		      1. change a file, git commit -am 'Change', git push slipway main
		      2. slipway config set GREETING=Ahoy, then slipway rollback
		      3. slipway ps scale web=2 and slipway logs -f, while you reload the app
	END
}

up() {
	mkdir -p "$demo"
	chmod 711 "$demo" # Postgres, as another user, goes through it
	if is_up; then
		# shellcheck source=/dev/null
		. "$demo/ports"
		export SLIPWAY_LISTEN=127.0.0.1:$dashboard_port
		say 'The demo is running already'
	else
		choose_ports
		start_server new
	fi
	export SLIPWAY_URL=http://$SLIPWAY_LISTEN
	trap 'echo; down; exit 1' INT TERM
	trap 'echo "The server goes on running; \"make down\" stops it." >&2' EXIT
	make_owner
	SLIPWAY_TOKEN=$(cat "$demo/token")
	export SLIPWAY_TOKEN
	prepare_source
	push
	write_env
	summary
	trap - EXIT
	if [ -n "${DETACH:-}" ]; then
		printf '\nIt goes on running; "make down" stops it. For scripts: . .demo/env\n'
		return
	fi
	printf '\nCtrl-C stops it. Its data stays for the next time.\n'
	trap 'echo; down; exit 0' INT TERM
	while is_up; do
		sleep 1 & # a sleep in the background lets the trap act at once
		wait $! || true
	done
	die 'the server ended; its log is .demo/server.log'
}

stop_pid() { # stop_pid FILE SECONDS
	local pid deadline=$((SECONDS + $2))
	pid=$(cat "$1")
	kill "$pid" 2>/dev/null || true
	while kill -0 "$pid" 2>/dev/null; do
		if [ $SECONDS -ge $deadline ]; then kill -9 "$pid" 2>/dev/null || true; fi
		sleep 0.1 # between two looks at a process that is ending
	done
	rm -f "$1"
}

down() {
	trap - INT TERM
	[ -d "$demo" ] || { echo 'The demo has never run here.'; return; }
	if is_up; then
		say 'Stopping the server and Postgres'
		stop_pid "$demo/server.pid" 60
	fi
	rm -f "$demo/server.pid" "$demo/env"
	if [ -x "$slipway" ]; then
		say 'Removing the containers and networks of the demo'
		"$slipway" server down ${PURGE:+--purge --volumes}
	fi
	if [ -f "$demo/dockerd.started" ]; then
		say 'Stopping the Docker Engine that setup started'
		as_root=
		[ "$(id -u)" = 0 ] || as_root=sudo
		$as_root kill "$(cat /var/run/docker.pid)" 2>/dev/null || true
		for _ in $(seq 150); do [ -e /var/run/docker.pid ] || break; sleep 0.1; done # it removes its pidfile last
		rm -f "$demo/dockerd.started"
	fi
	if [ -n "${PURGE:-}" ]; then
		say 'Deleting .demo'
		rm -rf "$demo"
	fi
}

case "${1:-}" in
up) up ;;
down) down ;;
*) die 'use: demo.sh up | down' ;;
esac
