#!/usr/bin/env bash
# Makes base images for the Dockerfile on a Debian machine that reaches Debian's
# mirror but no image registry: slipway-base/runtime, /go and /node. Root only.
#
#   scripts/local-bases.sh
#   make image BASES=local
#
# The tree that debootstrap makes is kept in .demo/bases for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || { echo 'run it as root: debootstrap needs it' >&2; exit 1; }
command -v debootstrap >/dev/null || apt-get install -y -qq --no-install-recommends debootstrap
tree=$PWD/.demo/bases/runtime
mirror=${MIRROR:-http://deb.debian.org/debian}

if [ ! -f "$tree/.complete" ]; then
	echo "==> debootstrap of Debian 12 into $tree"
	rm -rf "$tree"
	mkdir -p "$tree"
	debootstrap --variant=minbase --include=ca-certificates,curl,git,openssh-client bookworm "$tree" "$mirror" >"$tree.log"
	rm -rf "$tree"/var/cache/apt/archives/*.deb "$tree"/var/lib/apt/lists/*
	# What this machine trusts: without it, a proxy of its own is not believed.
	cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/ca-certificates.crt"
	touch "$tree/.complete"
fi

# import NAME [FOLDER PREFIX]…: the tree, with folders of this machine beside it.
import() {
	local name=$1 extra=()
	shift
	while [ $# -gt 0 ]; do extra+=(-C "$1" "$2"); shift 2; done
	echo "==> slipway-base/$name"
	tar -c --exclude=./.complete -C "$tree" . ${extra[@]+"${extra[@]}"} |
		docker import --change 'ENV PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
			--change 'ENV GOTOOLCHAIN=local NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' - "slipway-base/$name:latest" >/dev/null
}

import runtime
goroot=$(go env GOROOT)
tar_root=$(mktemp -d)
trap 'rm -rf "$tar_root"' EXIT
mkdir -p "$tar_root/usr/local" "$tar_root/usr/bin" "$tar_root/usr/lib/node_modules"
cp -r "$goroot" "$tar_root/usr/local/go"
import go "$tar_root" usr/local/go
cp "$(readlink -f "$(command -v node)")" "$tar_root/usr/bin/node"
cp -r "$(npm root -g)/npm" "$tar_root/usr/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$tar_root/usr/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$tar_root/usr/bin/npx"
import node "$tar_root" usr/bin/node "$tar_root" usr/bin/npm "$tar_root" usr/bin/npx "$tar_root" usr/lib/node_modules
