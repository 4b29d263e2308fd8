package accounts

import (
	"net/netip"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// maxBuckets bounds the memory of one throttle.
const maxBuckets = 10_000

// throttle allows each key a burst of failures and then one every so often. It
// lives in memory: a restart forgives, which costs an attacker more than it
// gives.
type throttle struct {
	burst float64
	every time.Duration
	now   func() time.Time

	mu      sync.Mutex
	buckets map[string]*bucket
}

// bucket holds the failures that a key may still have.
type bucket struct {
	left float64
	at   time.Time
}

func newThrottle(burst int, every time.Duration) *throttle {
	return &throttle{burst: float64(burst), every: every, now: time.Now, buckets: map[string]*bucket{}}
}

// take uses up one failure before it is known whether it is one; forgive gives
// it back. With none left it gives a KindRateLimited error that says when to
// come back.
func (t *throttle) take(key string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.bucket(key)
	if b.left < 1 {
		wait := time.Duration((1 - b.left) * float64(t.every))
		return &models.Error{Kind: models.KindRateLimited, Message: "too many attempts; wait a little and try again", RetryAfter: wait}
	}
	b.left--
	return nil
}

// forgive gives back what take took, since it was no failure.
func (t *throttle) forgive(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.bucket(key)
	b.left = min(t.burst, b.left+1)
}

func (t *throttle) bucket(key string) *bucket {
	now := t.now()
	b, ok := t.buckets[key]
	if !ok {
		if len(t.buckets) >= maxBuckets {
			t.makeRoom(now)
		}
		b = &bucket{left: t.burst, at: now}
		t.buckets[key] = b
	}
	b.left = min(t.burst, b.left+float64(now.Sub(b.at))/float64(t.every))
	b.at = now
	return b
}

// makeRoom drops the buckets that are full again, or the one that was asked for
// longest ago when none is.
func (t *throttle) makeRoom(now time.Time) {
	var oldest string
	for key, b := range t.buckets {
		if b.left+float64(now.Sub(b.at))/float64(t.every) >= t.burst {
			delete(t.buckets, key)
			continue
		}
		if o, ok := t.buckets[oldest]; !ok || b.at.Before(o.at) {
			oldest = key
		}
	}
	if len(t.buckets) >= maxBuckets {
		delete(t.buckets, oldest)
	}
}

// peerKey is what counts as one peer: an IPv4 address, or an IPv6 network of
// 64 bits, since whoever has one address of it has them all.
func peerKey(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	if addr = addr.Unmap(); addr.Is6() {
		if prefix, err := addr.WithZone("").Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return addr.String()
}
