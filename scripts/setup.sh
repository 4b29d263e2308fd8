#!/usr/bin/env bash
# Installs what is missing, starts a container engine where none answers, and
# says what it does. Usage: scripts/setup.sh [demo] [test] [bench]
# What is there already is left alone.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '==> %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else
		command -v sudo >/dev/null || die "this needs root, and there is no sudo: $*"
		sudo "$@"
	fi
}

updated=
install() { # install PACKAGE… for REASON
	local packages=() reason
	while [ "$1" != for ]; do packages+=("$1"); shift; done
	shift; reason="$*"
	command -v apt-get >/dev/null || die "$reason is missing; install it (Debian's package: ${packages[*]})"
	say "Installing $reason (Debian packages: ${packages[*]})"
	if [ -z "$updated" ]; then as_root apt-get update -qq; updated=yes; fi
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >"$log" 2>&1 ||
		{ tail -20 "$log" >&2; die "installing ${packages[*]} failed"; }
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

version_at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -1)" = "$1" ]; }

need_toolchain() {
	command -v go >/dev/null || die "Go is missing; get it from https://go.dev/dl/"
	local wanted have
	wanted=$(awk '$1 == "go" {print $2}' go.mod)
	have=$(GOTOOLCHAIN=local go env GOVERSION); have=${have#go}
	if ! version_at_least "$wanted" "$have" && [ "$(go env GOTOOLCHAIN)" = local ]; then
		die "Go $wanted or newer is needed, and this is $have; get it from https://go.dev/dl/"
	fi
	command -v node >/dev/null && command -v npm >/dev/null || die "Node.js 20.19 or newer with npm is missing; get it from https://nodejs.org/"
	have=$(node --version); have=${have#v}
	version_at_least 20.19 "$have" || die "Node.js 20.19 or newer is needed, and this is $have"
	local missing=()
	for tool in git curl make; do command -v "$tool" >/dev/null || missing+=("$tool"); done
	command -v ssh >/dev/null || missing+=(openssh-client)
	if [ ${#missing[@]} -gt 0 ]; then install "${missing[@]}" for "${missing[*]}"; fi
}

engine_answers() {
	local host=${DOCKER_HOST:-unix:///var/run/docker.sock}
	case "$host" in
	unix://*) curl -fs --max-time 5 --unix-socket "${host#unix://}" http://engine/_ping ;;
	tcp://*) curl -fs --max-time 5 "http://${host#tcp://}/_ping" ;;
	*) die "DOCKER_HOST=$host: use unix:// or tcp://" ;;
	esac >/dev/null 2>&1
}

need_engine() {
	engine_answers && return
	if [ -n "${DOCKER_HOST:-}" ]; then die "no container engine answers at DOCKER_HOST=$DOCKER_HOST"; fi
	if [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]; then
		die "you may not use the container engine at /var/run/docker.sock: run as root, or join the group docker"
	fi
	if ! command -v dockerd >/dev/null && [ ! -x /usr/sbin/dockerd ]; then
		install docker.io iptables for 'Docker Engine'
	fi
	if [ -d /run/systemd/system ]; then
		say 'Starting Docker Engine with systemd'
		as_root systemctl start docker
	elif ! engine_answers; then
		mkdir -p .demo
		if ! mountpoint -q /sys/fs/cgroup; then # with systemd it always is
			command -v cgroupfs-mount >/dev/null || install cgroupfs-mount for 'what mounts control groups'
			as_root cgroupfs-mount
		fi
		# Left by an engine that was killed, they keep a new one from starting
		# while another process, or its own corpse, has the number in them.
		ps -C dockerd -o stat= | grep -qv Z || as_root rm -f /var/run/docker.pid /var/run/docker/containerd/containerd.pid
		say 'Starting Docker Engine without systemd (its log: .demo/dockerd.log; `make down` stops it)'
		PATH=$PATH:/usr/sbin:/sbin as_root setsid dockerd --pidfile /var/run/docker.pid >.demo/dockerd.log 2>&1 </dev/null &
		touch .demo/dockerd.started
	fi
	for _ in $(seq 150); do
		engine_answers && return
		sleep 0.2 # between two looks at an engine that is starting
	done
	tail -20 .demo/dockerd.log >&2 2>/dev/null || true
	die 'Docker Engine did not answer within 30 s'
}

need_postgres() {
	ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null && return
	# Debian's package would start a server of its own; Slipway runs one itself.
	if command -v apt-get >/dev/null && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
		as_root mkdir -p /etc/postgresql-common
		echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
	fi
	install postgresql for 'PostgreSQL'
}

need_chromium() {
	command -v chromium >/dev/null || install chromium for 'Chromium, for the tests in a real browser'
	command -v ip >/dev/null || [ -x /usr/sbin/ip ] || [ -x /sbin/ip ] || install iproute2 for 'ip, for the network the browser is tested in'
}

# What Slipway is measured beside. Their packages would start them as services;
# a policy that says no keeps them from it while they are installed.
need_peers() {
	local missing=() policy=/usr/sbin/policy-rc.d made=
	[ -x /usr/sbin/nginx ] || missing+=(nginx-light)
	[ -x /usr/sbin/haproxy ] || missing+=(haproxy)
	for tool in caddy wrk; do command -v "$tool" >/dev/null || missing+=("$tool"); done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
		as_root chmod 755 "$policy"
		made=yes
	fi
	(install "${missing[@]}" for 'what Slipway is measured beside') || { [ -z "$made" ] || as_root rm -f "$policy"; exit 1; }
	[ -z "$made" ] || as_root rm -f "$policy"
}

need_toolchain
for what in "${@:-demo}"; do
	case "$what" in
	demo) need_engine; need_postgres ;;
	test) need_engine; need_postgres; need_chromium ;;
	bench) need_engine; need_postgres; need_peers ;;
	*) die "unknown: $what (use demo, test, bench)" ;;
	esac
done
