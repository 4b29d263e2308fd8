#!/usr/bin/env bash
# A Docker Swarm of three nodes on one machine, for tests. Each node is a
# dockerd in a network, mount, process and host name space of its own, so that
# it can be lost by killing one process. Usage, as root:
#
#   scripts/testbed/swarm.sh up           bring it up, print what the tests want in their environment
#   scripts/testbed/swarm.sh down         take all of it away, whatever state it is in
#   scripts/testbed/swarm.sh run COMMAND  up, run the command with that environment, down
#   scripts/testbed/swarm.sh kill N       lose node N: everything on it ends at once
#   scripts/testbed/swarm.sh start N      give node N power again
#   scripts/testbed/swarm.sh cut N        pull node N's cable: what runs on it goes on
#   scripts/testbed/swarm.sh mend N       put it back
#
# Its files are in $SLIPWAY_TESTBED_SWARM_DIR, by default a folder in $TMPDIR.
set -euo pipefail
cd "$(dirname "$0")/../.."
PATH=$PATH:/usr/sbin:/sbin

dir=${SLIPWAY_TESTBED_SWARM_DIR:-${TMPDIR:-/tmp}/slipway-testbed-swarm}
name=slipsw      # of interfaces, network namespaces and the control group
net=10.77.0      # .1 is this machine, .11 to .13 are the nodes
nodes=(1 2 3)

say() { printf '==> %s\n' "$*" >&2 || true; }
die() { printf 'testbed: %s\n' "$*" >&2; exit 1; }

install_missing() {
	local packages=()
	command -v dockerd >/dev/null || packages+=(docker.io)
	command -v docker-init >/dev/null || packages+=(docker.io)
	command -v iptables >/dev/null || packages+=(iptables)
	command -v ip >/dev/null || packages+=(iproute2)
	command -v curl >/dev/null || packages+=(curl)
	[ ${#packages[@]} -eq 0 ] && return
	command -v apt-get >/dev/null || die "install what is missing first: ${packages[*]}"
	say "Installing ${packages[*]}"
	apt-get update -qq >&2
	# The package would start an engine as a service, which nobody asked for.
	local policy=/usr/sbin/policy-rc.d made=
	if [ ! -e "$policy" ]; then printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod 755 "$policy"; made=yes; fi
	local failed=
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >&2 || failed=yes
	[ -z "$made" ] || rm -f "$policy"
	[ -z "$failed" ] || die "installing ${packages[*]} failed"
}

api() { # api NODE METHOD PATH [JSON]
	local body=()
	[ $# -lt 4 ] || body=(-H 'Content-Type: application/json' -d "$4")
	curl -sS --fail-with-body --max-time 60 --unix-socket "$dir/node$1.sock" -X "$2" "${body[@]}" "http://engine$3"
}

wait_for() { # wait_for SECONDS COMMAND…
	local until=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.1 # between two looks at something that is starting
	done
}

answers() { api "$1" GET /_ping; }

accept_rule=(FORWARD -i "$name" -o "$name" -m comment --comment "$name" -j ACCEPT)

make_network() {
	ip link add "$name" type bridge
	ip addr add "$net.1/24" dev "$name"
	ip link set "$name" up
	# An engine on this machine sets the policy of forwarding to DROP, which
	# reaches bridges too where the kernel filters them.
	iptables -I "${accept_rule[@]}"
	local i
	for i in "${nodes[@]}"; do
		ip netns add "$name$i"
		ip link add "${name}v$i" type veth peer name eth0 netns "$name$i"
		ip link set "${name}v$i" master "$name" up
		ip -n "$name$i" addr add "$net.1$i/24" dev eth0
		ip -n "$name$i" link set eth0 up
		ip -n "$name$i" link set lo up
		ip -n "$name$i" route add default via "$net.1"
	done
}

# start_node begins a node's engine. Network space by nsenter: `ip netns exec`
# would mount /sys anew and lose the control groups. The mounts keep one
# engine's state from the others', and go with the last process of the node.
start_node() {
	local i=$1
	mkdir -p "$dir/node$i"
	rm -f "$dir/node$i.sock"
	# shellcheck disable=SC2016 # the variables are the inner shell's
	setsid nsenter --net="/run/netns/$name$i" \
		unshare --mount --uts --pid --fork --kill-child --mount-proc --propagation private \
		docker-init -- sh -c '
			set -e
			hostname "node$1"
			mkdir -p /run/docker /run/containerd
			mount -t tmpfs none /run/docker
			mount -t tmpfs none /run/containerd
			exec dockerd --host "unix://$2/node$1.sock" --data-root "$2/node$1" --exec-root /run/docker \
				--pidfile /run/docker/docker.pid --cgroup-parent "/$3/node$1" --userland-proxy=false \
				--no-new-privileges --insecure-registry "$4.0/24" --log-level warn' \
		sh "$i" "$dir" "$name" "$net" >>"$dir/node$i.log" 2>&1 </dev/null 9>&- &
	echo $! >"$dir/node$i.pid"
	disown
	if ! wait_for 30 answers "$i"; then
		tail -20 "$dir/node$i.log" >&2
		die "the engine of node$i did not answer within 30 s"
	fi
}

# kill_node ends the process that holds the node's process space, and with it
# the engine, its shims and every container.
kill_node() {
	local pid
	[ -s "$dir/node$1.pid" ] || return 0
	pid=$(cat "$dir/node$1.pid")
	rm -f "$dir/node$1.pid"
	grep -qz "^--mount-proc$" "/proc/$pid/cmdline" 2>/dev/null || return 0 # another program has the number by now
	kill -9 "$pid" 2>/dev/null || return 0
	wait_for 10 empty "$1" || die "processes of node$1 do not end"
}

# empty says whether nothing runs in a node's control groups or namespace.
empty() {
	[ -z "$(ip netns pids "$name$1" 2>/dev/null)" ] &&
		[ -z "$(find /sys/fs/cgroup -path "*/$name/node$1/*" -name cgroup.procs -exec cat {} + 2>/dev/null)" ]
}

join_swarm() {
	api 1 POST /swarm/init "{\"ListenAddr\":\"$net.11:2377\",\"AdvertiseAddr\":\"$net.11\",
		\"Spec\":{\"Dispatcher\":{\"HeartbeatPeriod\":2000000000}}}" >/dev/null
	local token i
	token=$(api 1 GET /swarm | grep -o '"Worker":"[^"]*"' | cut -d'"' -f4)
	for i in "${nodes[@]:1}"; do
		api "$i" POST /swarm/join "{\"ListenAddr\":\"$net.1$i:2377\",\"AdvertiseAddr\":\"$net.1$i\",
			\"RemoteAddrs\":[\"$net.11:2377\"],\"JoinToken\":\"$token\"}" >/dev/null
	done
	wait_for 30 ready || die 'the nodes did not become ready within 30 s'
}

ready() { [ "$(api 1 GET /nodes | grep -o '"State":"ready"' | wc -l)" = ${#nodes[@]} ]; }

environment() {
	echo "SLIPWAY_TEST_SWARM=unix://$dir/node1.sock"
	echo "SLIPWAY_TEST_SWARM_HOST=$net.1"
	echo "SLIPWAY_TEST_SWARM_SCRIPT=$PWD/scripts/testbed/swarm.sh"
	echo "SLIPWAY_TESTBED_SWARM_DIR=$dir"
}

gone() { ! kill -0 -- "-$child"; }

there() { ip link show "$name" >/dev/null 2>&1; }

up() {
	if there; then
		if [ -e "$dir/up" ] && ready; then return; fi
		die "a test bed is there already and not (or not yet) up, or it is another folder's; take it away with: $0 down"
	fi
	able
	install_missing
	mkdir -p "$dir"
	say "Bringing up a Swarm of ${#nodes[@]} nodes (its logs: $dir)"
	make_network
	local i
	for i in "${nodes[@]}"; do start_node "$i"; done
	join_swarm
	touch "$dir/up"
}

down() {
	local i
	for i in "${nodes[@]}"; do
		kill_node "$i"
		if ip netns list 2>/dev/null | grep -q "^$name$i\b"; then
			# What a script that was itself killed left without a note of it.
			ip netns pids "$name$i" | xargs -r kill -9 2>/dev/null || true
			wait_for 10 empty "$i" || die "processes of node$i do not end"
			ip netns del "$name$i"
		fi
		ip link del "${name}v$i" 2>/dev/null || true # it went with its other end
	done
	! there || ip link del "$name"
	while iptables -D "${accept_rule[@]}" 2>/dev/null; do :; done
	find /sys/fs/cgroup -depth -type d \( -path "*/$name/*" -o -path "*/$name" \) -exec rmdir {} + 2>/dev/null || true
	rm -rf "$dir"
}

# locked keeps two of these scripts apart for as long as this one runs.
locked() {
	exec 9<scripts/testbed/swarm.sh
	flock --nonblock 9 || die 'another run of this test bed is going on; wait for its end'
}

# attend runs a command in a group of processes of its own, which ends before
# the test bed does.
child=
attend() {
	setsid "$@" 9>&- &
	child=$!
	wait "$child"
}

finish() {
	trap '' INT TERM HUP PIPE
	if [ -n "$child" ] && kill -TERM -- "-$child" 2>/dev/null; then
		wait_for 90 gone || kill -KILL -- "-$child" 2>/dev/null || true # it removes what it made first
	fi
	say 'Taking the Swarm down'
	down
	exit "$1"
}

# able says at once what is missing that no package brings.
able() {
	unshare --net --mount --uts --pid --fork true 2>/dev/null ||
		die 'this needs the right to make namespaces (in a container: docker run --privileged)'
	[ -d /sys/fs/cgroup/memory ] || [ -e /sys/fs/cgroup/cgroup.controllers ] ||
		die 'no control groups are mounted at /sys/fs/cgroup (Debian without systemd: apt-get install cgroupfs-mount && cgroupfs-mount)'
}

[ "$(id -u)" = 0 ] || die 'this needs root: it makes network namespaces and runs engines'
case "${1:-}" in
up) locked; up; environment ;;
down) locked; down ;;
kill) kill_node "${2:?which node}" ;;
start) [ -s "$dir/node${2:?which node}.pid" ] || start_node "$2" ;;
cut) ip link set "${name}v${2:?which node}" down ;;
mend) ip link set "${name}v${2:?which node}" up ;;
run)
	shift
	locked
	! there || die "the test bed is up already: run the tests on it, or take it away with: $0 down"
	# Whatever ends this, even a reader of its output that goes away, takes the
	# test bed down first.
	trap 'finish $?' EXIT
	trap 'exit 130' INT TERM HUP PIPE
	up
	mapfile -t vars < <(environment)
	attend env "${vars[@]}" "$@"
	;;
*) sed -n '2,/^set -e/p' "$0" | sed -e '$d' -e 's/^# \{0,1\}//'; exit 2 ;;
esac
