package docker

import (
	"errors"
	"net/netip"
	"testing"
)

func TestPool(t *testing.T) {
	p, err := newPool("10.1.0.0/24", 26)
	if err != nil {
		t.Fatal(err)
	}
	used := []netip.Prefix{netip.MustParsePrefix("10.1.0.64/28")}
	seen := map[netip.Prefix]bool{}
	for range 3 {
		subnet, _, err := p.take("app", used)
		if err != nil {
			t.Fatal(err)
		}
		if seen[subnet] || subnet.Bits() != 26 || !p.prefix.Overlaps(subnet) || subnet.Overlaps(used[0]) {
			t.Errorf("it gave %s after %v", subnet, seen)
		}
		seen[subnet] = true
	}
	if subnet, _, err := p.take("app", used); !errors.Is(err, ErrPoolExhausted) {
		t.Errorf("a used up pool gave %s, %v", subnet, err)
	}
}

// TestPoolIsTheSameForAll: servers that race must want the same subnet.
func TestPoolIsTheSameForAll(t *testing.T) {
	taken := map[netip.Prefix]bool{}
	for range 3 {
		p, err := newPool("", 0)
		if err != nil {
			t.Fatal(err)
		}
		subnet, release, err := p.take("01app", nil)
		if err != nil {
			t.Fatal(err)
		}
		release()
		taken[subnet] = true
	}
	if len(taken) != 1 {
		t.Errorf("the same app got %v", taken)
	}
}

func TestPoolRefuses(t *testing.T) {
	for _, bad := range []struct {
		cidr string
		bits int
	}{
		{"10.1.0.0", 26}, {"nonsense", 26}, {"fd00::/64", 80}, {"10.1.0.0/28", 26}, {"10.1.0.0/24", 31}, {"0.0.0.0/0", 26},
	} {
		if _, err := newPool(bad.cidr, bad.bits); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}
