#!/usr/bin/env bash
# The node itself: run by kubernetes.sh as the first process of its namespaces.
# When it ends, everything that it started ends.
set -euo pipefail
state=$1 binaries=$2 address=$3 pods=$4 registry=$5 cgroup=$6

# Everything but the logs of the node's own programs lies in memory, in mounts
# that nobody else sees.
disk=$state/disk
mkdir -p "$disk" "$state/pki"
mount -t tmpfs -o mode=755 testbed "$disk"
mkdir -p "$disk"/{etcd,containerd,run,kubelet,logs,cni}
for folder in /var/log /run/containerd /run/netns /var/lib/cni /tmp/hostpath_pv; do
	mkdir -p "$folder"
	mount -t tmpfs -o mode=755 testbed "$folder"
done

# Nobody answers names in here; that there is nobody is known at once.
: >"$disk/resolv.conf"
mount --bind "$disk/resolv.conf" "$(readlink -f /etc/resolv.conf)"

sysctl -qw net.ipv4.ip_forward=1
for tree in /sys/fs/cgroup/*/; do
	[ ! -e "$tree/cgroup.procs" ] || mkdir -p "$tree/$cgroup"
done
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || mkdir -p "/sys/fs/cgroup/$cgroup"

pids=()
begin() { # begin NAME COMMAND…
	local log=$state/$1.log
	shift
	"$@" >"$log" 2>&1 </dev/null &
	pids+=($!)
}

begin etcd etcd --data-dir "$disk/etcd" --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
	--listen-peer-urls http://127.0.0.1:2380 --log-level warn

# The image that holds a pod's namespaces.
image=$disk/pause-image
mkdir -p "$image/root"
cp "$binaries/pause" "$image/root/pause"
tar -C "$image/root" -cf "$image/layer.tar" pause
printf '{"architecture":"%s","os":"linux","config":{"Entrypoint":["/pause"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
	"$(go env GOARCH)" "$(sha256sum "$image/layer.tar" | cut -d' ' -f1)" >"$image/config.json"
printf '[{"Config":"config.json","RepoTags":["testbed/pause:1"],"Layers":["layer.tar"]}]' >"$image/manifest.json"
tar -C "$image" -cf "$disk/pause.tar" manifest.json config.json layer.tar

cat >"$disk/cni/10-bridge.conflist" <<CONFIG
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "$pods"}]], "routes": [{"dst": "0.0.0.0/0"}], "dataDir": "$disk/ipam"}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
CONFIG
cat >"$disk/containerd.toml" <<CONFIG
version = 2
root = "$disk/containerd"
state = "$disk/run/containerd"
[grpc]
  address = "$disk/run/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/testbed/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$disk/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$state/hosts"
CONFIG
mkdir -p "$state/hosts/$registry"
printf 'server = "http://%s"\n[host."http://%s"]\n  capabilities = ["pull", "resolve"]\n' "$registry" "$registry" >"$state/hosts/$registry/hosts.toml"
begin containerd containerd --config "$disk/containerd.toml"

key=$state/service-accounts.key
begin kube-apiserver "$binaries/kubernetes" kube-apiserver --etcd-servers=http://127.0.0.1:2379 \
	--secure-port=6443 --bind-address="$address" --advertise-address="$address" --cert-dir="$state/pki" \
	--service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$key" --service-account-signing-key-file="$key" \
	--token-auth-file="$state/tokens.csv" --authorization-mode=Node,RBAC --service-cluster-ip-range=10.96.0.0/16 \
	--allow-privileged --kubelet-preferred-address-types=InternalIP

until curl -fsk "https://$address:6443/readyz" >/dev/null 2>&1; do
	kill -0 "${pids[@]}" || exit 1
	sleep 0.2 # between two looks at a server that is starting
done
begin kube-controller-manager "$binaries/kubernetes" kube-controller-manager --kubeconfig="$state/system-kube-controller-manager.kubeconfig" \
	--leader-elect=false --service-account-private-key-file="$key" --root-ca-file="$state/pki/apiserver.crt" --use-service-account-credentials=true \
	--enable-hostpath-provisioner
begin kube-scheduler "$binaries/kubernetes" kube-scheduler --kubeconfig="$state/system-kube-scheduler.kubeconfig" --leader-elect=false

until ctr -a "$disk/run/containerd.sock" -n k8s.io images import "$disk/pause.tar" >"$state/import.log" 2>&1; do
	kill -0 "${pids[@]}" || exit 1
	sleep 0.2 # between two looks at a server that is starting
done
# Who may ask the kubelet is not asked: nobody reaches it but from in here.
cat >"$disk/kubelet.yaml" <<CONFIG
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
containerRuntimeEndpoint: unix://$disk/run/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /$cgroup
failSwapOn: false
enforceNodeAllocatable: []
evictionHard: {}
imageGCHighThresholdPercent: 100
serializeImagePulls: false
maxPods: 250
podPidsLimit: 512
podLogsDir: $disk/logs
resolvConf: ""
CONFIG
begin kubelet "$binaries/kubernetes" kubelet --config="$disk/kubelet.yaml" --kubeconfig="$state/system-node-node1.kubeconfig" \
	--root-dir="$disk/kubelet" --cert-dir="$disk/kubelet/pki" --hostname-override=node1 --node-ip="$address"
begin kube-proxy "$binaries/kubernetes" kube-proxy --kubeconfig="$state/system-kube-proxy.kubeconfig" --hostname-override=node1 \
	--proxy-mode=iptables --cluster-cidr="$pods" --conntrack-max-per-core=0 --healthz-bind-address=127.0.0.1:10256

wait -n "${pids[@]}" || true
echo 'one of the programs has ended'
exit 1
