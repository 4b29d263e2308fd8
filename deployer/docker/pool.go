package docker

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net/netip"
	"sync"
)

// ErrPoolExhausted is in the chain of an error of Ensure or Run when every
// subnet of the network pool is in use.
var ErrPoolExhausted = errors.New("the network pool is used up")

const defaultNetworkBits = 26

// pool hands out subnets. Where it begins to look depends on the app, not on
// what is free: servers that make the same app's network at once must want the
// same subnet, and a router that has not heard yet that an app is gone must
// not find another app under the address.
type pool struct {
	prefix netip.Prefix
	bits   int

	mu       sync.Mutex
	reserved map[netip.Prefix]bool
}

func newPool(cidr string, bits int) (*pool, error) {
	if cidr == "" {
		cidr = DefaultNetworkPool
	}
	if bits == 0 {
		bits = defaultNetworkBits
	}
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil || !prefix.Addr().Is4() {
		return nil, fmt.Errorf("network pool %q: give an IPv4 range such as %s", cidr, DefaultNetworkPool)
	}
	// A /30 has a gateway and one address; 2^20 subnets are more than bridges
	// any machine can hold.
	if bits < prefix.Bits() || bits > 30 || bits-prefix.Bits() > 20 {
		return nil, fmt.Errorf("network pool %q: it cannot be cut into networks of /%d", cidr, bits)
	}
	return &pool{prefix: prefix.Masked(), bits: bits, reserved: map[netip.Prefix]bool{}}, nil
}

// take reserves a subnet for an app that overlaps none of used. The caller calls release
// once the engine knows the subnet or refused it.
func (p *pool) take(app string, used []netip.Prefix) (subnet netip.Prefix, release func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	size := uint32(1) << (p.bits - p.prefix.Bits())
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(app)) // never fails
	for i := range size {
		candidate := p.subnet((hash.Sum32() + i) % size)
		if p.reserved[candidate] || overlapsAny(candidate, used) {
			continue
		}
		p.reserved[candidate] = true
		return candidate, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			delete(p.reserved, candidate)
		}, nil
	}
	return netip.Prefix{}, nil, fmt.Errorf("%w: all %d networks of /%d in %s are taken or overlap other networks of this machine; give the installation a larger pool", ErrPoolExhausted, size, p.bits, p.prefix)
}

func (p *pool) subnet(n uint32) netip.Prefix {
	a := p.prefix.Addr().As4()
	base := uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[2])<<8 | uint32(a[3])
	base += n << (32 - p.bits)
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(base >> 24), byte(base >> 16), byte(base >> 8), byte(base)}), p.bits)
}

func overlapsAny(p netip.Prefix, others []netip.Prefix) bool {
	for _, other := range others {
		if p.Overlaps(other) {
			return true
		}
	}
	return false
}
