#!/usr/bin/env bash
# A Kubernetes node to test on: a real one, built from source, all in namespaces
# of its own. What it makes lies in memory and in its folder, and is gone when
# it is down.
#
#   kubernetes.sh up          brings it up and prints the environment for tests
#   kubernetes.sh down        takes all of it away; also after a failure
#   kubernetes.sh run CMD…    up, CMD with the environment, down, whatever happens
#
# SLIPWAY_TESTBED says which folder to use, SLIPWAY_TESTBED_CACHE where the built
# binaries are kept.
set -euo pipefail

version=1.34.4
name=slipway-k8s            # of the network namespace and the link to it
host_address=10.78.0.1
node_address=10.78.0.2
pods=10.79.0.0/20
registry=$host_address:5078 # where tests may serve images, without TLS
cgroup=slipway-testbed-k8s
not_ours=3                  # the exit code when there is one already

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=${SLIPWAY_TESTBED:-${TMPDIR:-/tmp}/slipway-testbed}/kubernetes
cache=${SLIPWAY_TESTBED_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/slipway-testbed}/kubernetes-$version
PATH=$PATH:/usr/sbin:/sbin

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'kubernetes.sh: %s\n' "$*" >&2; exit 1; }

# wait_for SECONDS WHAT COMMAND… looks five times a second.
wait_for() {
	local until=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || { say "$what: not within its time"; return 1; }
		alive || { say "the node has ended"; return 1; }
		sleep 0.2 # between two looks at something that is starting
	done
}

packages() {
	local missing=() policy=/usr/sbin/policy-rc.d made=
	[ -x /usr/bin/etcd ] || missing+=(etcd-server)
	[ -x /usr/bin/containerd ] || missing+=(containerd)
	command -v runc >/dev/null || missing+=(runc)
	[ -x /usr/lib/cni/bridge ] || missing+=(containernetworking-plugins)
	command -v ip >/dev/null || missing+=(iproute2)
	command -v iptables >/dev/null || missing+=(iptables)
	command -v conntrack >/dev/null || missing+=(conntrack)
	command -v openssl >/dev/null || missing+=(openssl)
	command -v curl >/dev/null || missing+=(curl)
	[ ${#missing[@]} -gt 0 ] || return 0
	command -v apt-get >/dev/null || die "install what is missing (Debian's packages: ${missing[*]})"
	say "Installing what a node is made of (Debian packages: ${missing[*]})"
	# Their packages would start them as services; a policy that says no keeps
	# them from it while they are installed.
	if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy && made=yes; fi
	if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$state/apt.log" 2>&1; then
		[ -z "$made" ] || rm -f $policy
		tail -20 "$state/apt.log" >&2
		die "installing ${missing[*]} failed"
	fi
	[ -z "$made" ] || rm -f $policy
}

# Go's build cache keeps what is compiled, and Go links only what has changed.
build() {
	say "Building Kubernetes $version (about 12 minutes of a processor the first time)"
	mkdir -p "$cache"
	CGO_ENABLED=0 GOFLAGS='' nice -n 10 go -C "$here/kubernetes" build -trimpath -buildvcs=false \
		-ldflags "-s -w -X k8s.io/component-base/version.gitVersion=v$version -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34" \
		-o "$cache/" . ./pause >&2
}

# The network namespace is the whole of the node's network: the rules that it
# makes for its services are in there too.
network() {
	ip netns add $name
	ip link add $name type veth peer name eth0 netns $name
	ip addr add $host_address/30 dev $name
	ip link set $name up
	ip -n $name addr add $node_address/30 dev eth0
	ip -n $name link set eth0 up
	ip -n $name link set lo up
	ip -n $name route add default via $host_address
	ip route add $pods via $node_address dev $name
}

secrets() ( # in a process of its own: the node must not inherit the mask
	umask 077
	openssl genrsa -out "$state/service-accounts.key" 2048 2>/dev/null
	local user groups token
	: >"$state/tokens.csv"
	while read -r user groups; do
		token=$(openssl rand -hex 16)
		printf '%s,%s,%s,"%s"\n' "$token" "$user" "$user" "$groups" >>"$state/tokens.csv"
		kubeconfig "$token" >"$state/${user//:/-}.kubeconfig"
	done <<-USERS
		admin system:masters
		slipway
		system:kube-controller-manager
		system:kube-scheduler
		system:kube-proxy
		system:node:node1 system:nodes
	USERS
)

kubeconfig() { # kubeconfig TOKEN
	cat <<-CONFIG
		apiVersion: v1
		kind: Config
		current-context: testbed
		contexts: [{name: testbed, context: {cluster: testbed, user: testbed}}]
		clusters: [{name: testbed, cluster: {server: "https://$node_address:6443", certificate-authority: "$state/pki/apiserver.crt"}}]
		users: [{name: testbed, user: {token: "$1"}}]
	CONFIG
}

alive() { [ -s "$state/pid" ] && kill -0 "$(cat "$state/pid")" 2>/dev/null; }

# api METHOD PATH [FILE] asks the API server as its administrator.
api() {
	local token
	token=$(awk -F, '$2 == "admin" {print $1}' "$state/tokens.csv")
	curl -fsS --max-time 10 --cacert "$state/pki/apiserver.crt" -X "$1" -H "Authorization: Bearer $token" \
		${3:+-H 'Content-Type: application/apply-patch+yaml' --data-binary "@$3"} \
		"https://$node_address:6443$2"
}

apply() { # apply PATH FILE
	api PATCH "$1?fieldManager=testbed&force=true" "$2" >/dev/null
}

node_ready() { api GET /api/v1/nodes/node1 | tr -d ' \n' | grep -q '"type":"Ready","status":"True"'; }
account_there() { api GET /api/v1/namespaces/default/serviceaccounts/default; }

objects() {
	cat >"$state/storage.yaml" <<-OBJECT
		apiVersion: storage.k8s.io/v1
		kind: StorageClass
		metadata: {name: testbed, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
		provisioner: kubernetes.io/host-path
		reclaimPolicy: Delete
	OBJECT
	apply /apis/storage.k8s.io/v1/storageclasses/testbed "$state/storage.yaml"
	# The tests may do what an installation may, and no more.
	apply /apis/rbac.authorization.k8s.io/v1/clusterroles/slipway "$here/../../deploy/kubernetes/clusterrole.yaml"
	apply /apis/rbac.authorization.k8s.io/v1/clusterroles/slipway-usage "$here/../../deploy/kubernetes/clusterrole-usage.yaml"
	local role
	for role in slipway slipway-usage; do
		cat >"$state/binding.yaml" <<-OBJECT
			apiVersion: rbac.authorization.k8s.io/v1
			kind: ClusterRoleBinding
			metadata: {name: testbed-$role}
			roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: $role}
			subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: slipway}]
		OBJECT
		apply /apis/rbac.authorization.k8s.io/v1/clusterrolebindings/testbed-$role "$state/binding.yaml"
	done
}

environment() {
	printf 'export SLIPWAY_TEST_KUBERNETES=%q\n' "$state/slipway.kubeconfig"
	printf 'export SLIPWAY_TEST_KUBERNETES_ADMIN=%q\n' "$state/admin.kubeconfig"
	printf 'export SLIPWAY_TEST_KUBERNETES_REGISTRY=%q\n' "$registry"
	printf 'export SLIPWAY_TEST_KUBERNETES_HOSTS=%q\n' "$state/hosts"
}

# able says at once what is missing that no package brings.
able() {
	[ "$(id -u)" = 0 ] || die 'this needs root: a node makes namespaces and control groups'
	unshare --net --mount --pid --fork true 2>/dev/null ||
		die 'this needs the right to make namespaces (in a container: docker run --privileged)'
	[ -d /sys/fs/cgroup/memory ] || [ -e /sys/fs/cgroup/cgroup.controllers ] ||
		die 'no control groups are mounted at /sys/fs/cgroup (Debian without systemd: apt-get install cgroupfs-mount && cgroupfs-mount)'
}

start() {
	able
	if alive && [ -e "$state/ready" ]; then
		environment
		return
	fi
	if [ -e "/run/netns/$name" ] || ! mkdir -p "$(dirname "$state")" || ! mkdir "$state" 2>/dev/null; then
		say "a test bed is there already, or was not taken down: $0 down (its folder is $state, unless SLIPWAY_TESTBED was another)"
		exit $not_ours
	fi
	trap 'code=$?; trap - EXIT; if [ $code -ne 0 ]; then tail -n 5 "$state"/*.log >&2 2>/dev/null || true; stop; fi; exit $code' EXIT
	packages
	build
	say 'Bringing up a Kubernetes node'
	network
	secrets
	setsid nsenter --net=/run/netns/$name \
		unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
		"$here/kubernetes/node.sh" "$state" "$cache" "$node_address" "$pods" "$registry" "$cgroup" \
		>"$state/node.log" 2>&1 </dev/null &
	echo $! >"$state/pid"
	wait_for 120 'the API server' api GET /readyz
	wait_for 60 'the node' node_ready
	wait_for 60 "the default namespace's account" account_there
	objects
	touch "$state/ready"
	trap - EXIT
	environment
}

stop() {
	say 'Taking the Kubernetes node down'
	if alive; then
		# The first process of the node's process namespace dies with it, and all
		# others with that one; their mounts go with the last of them.
		kill -KILL "$(cat "$state/pid")" 2>/dev/null || true
		while alive; do sleep 0.1; done # until the kernel has let it go
	fi
	ip link del $name 2>/dev/null || true
	ip netns del $name 2>/dev/null || true
	local tree folder
	for tree in /sys/fs/cgroup/*/"$cgroup" /sys/fs/cgroup/"$cgroup"; do
		[ -d "$tree" ] || continue
		find "$tree" -depth -type d | while read -r folder; do
			for _ in $(seq 50); do rmdir "$folder" 2>/dev/null && break; sleep 0.1; done # its last process may be ending yet
		done
		[ ! -d "$tree" ] || die "the control group $tree stays: something runs in it"
	done
	rm -rf "$state"
	rmdir "$(dirname "$state")" /tmp/hostpath_pv /var/lib/cni 2>/dev/null || true # where the node mounted its own, unless somebody else uses them
}

# finish ends what still runs of the command, which removes what it made first,
# and then the node.
child=
finish() {
	local until=$((SECONDS + 90))
	trap - EXIT
	trap '' INT TERM HUP PIPE
	if [ -n "$child" ] && kill -TERM -- "-$child" 2>/dev/null; then
		while kill -0 -- "-$child" 2>/dev/null; do
			[ $SECONDS -lt $until ] || kill -KILL -- "-$child" 2>/dev/null || true
			sleep 0.1 # between two looks at what is ending
		done
	fi
	[ -z "$mine" ] || stop
}

run() {
	local code=0 env
	mine=yes
	! alive || die "a test bed is up already: $0 down"
	trap finish EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP PIPE
	env=$("${BASH_SOURCE[0]}" up) || {
		code=$?
		[ $code -ne $not_ours ] || mine=
		exit $code
	}
	eval "$env"
	setsid "$@" &
	child=$!
	wait "$child" || code=$?
	exit $code
}

case "${1:-}" in
up) start ;;
down) stop ;;
run) shift; run "$@" ;;
*) sed -n '2,12p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
