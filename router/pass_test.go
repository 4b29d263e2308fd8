package router

import "testing"

// TestThoseWhoWaitedPassAFewAtATime lets each give its place back twice, as the
// app's answer and the timer do.
func TestThoseWhoWaitedPassAFewAtATime(t *testing.T) {
	h, c := newHolds(Config{}), &counter{}
	var dones []func()
	for range passAtOnce {
		done, err := h.pass(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		dones = append(dones, done)
	}
	for _, done := range dones {
		done()
		done()
	}
	for range 3 * passAtOnce {
		done, err := h.pass(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		done()
	}
	if len(c.gate) != 0 {
		t.Errorf("%d are left", len(c.gate))
	}
}
