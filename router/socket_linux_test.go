package router

import (
	"testing"
	"time"
)

// TestClosedIdleConnectionIsNoticed lets the other side close a connection that
// one backend left idle, and another at its address would use.
func TestClosedIdleConnectionIsNoticed(t *testing.T) {
	f, now := newFar(t), time.Now()
	s, _, b := sharing(t, 2, f.address)
	u, end := f.connected(t, b[0], now)
	b[0].keep(u, now)
	_ = end.Close()
	for deadline := time.Now().Add(10 * time.Second); u.quiet(); {
		if time.Now().After(deadline) {
			t.Fatal("the close is not seen")
		}
		time.Sleep(time.Millisecond) // the pace of polling
	}
	again, endAgain := f.connected(t, b[1], now)
	if again == u || endAgain == nil || !again.quiet() {
		t.Error("a closed connection is used")
	}
	if n := s.pools.idle.Load(); n != 0 {
		t.Errorf("%d idle connections", n)
	}
}
