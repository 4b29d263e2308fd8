package live_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/server/live"
)

func subscribe(t *testing.T, h *live.Hub, after live.Cursor) func() live.Notice {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	pull, stop := iter.Pull2(h.Subscribe(ctx, after))
	t.Cleanup(func() { cancel(); stop() })
	return func() live.Notice {
		t.Helper()
		notice, err, ok := pull()
		if err != nil || !ok {
			t.Fatalf("the subscription ended: %v", err)
		}
		return notice
	}
}

func publish(h *live.Hub, from, n int) {
	for i := from; i < from+n; i++ {
		h.Publish(live.Event{Topic: live.TopicApp, ID: fmt.Sprint(i), Action: live.ActionChanged})
	}
}

// wantEvents reads notices until it has from…to.
func wantEvents(t *testing.T, next func() live.Notice, from, to int) live.Notice {
	t.Helper()
	for {
		notice := next()
		if notice.Reset {
			t.Fatalf("a reset before %d", from)
		}
		for _, e := range notice.Events {
			if e.Seq != int64(from) || e.ID != fmt.Sprint(from) {
				t.Fatalf("got %+v, want %d", e, from)
			}
			from++
		}
		if from > to {
			return notice
		}
	}
}

func TestFromNowOn(t *testing.T) {
	h := live.NewHub(16)
	publish(h, 1, 5)
	next := subscribe(t, h, live.Cursor{})
	publish(h, 6, 3)
	wantEvents(t, next, 6, 8)
	publish(h, 9, 1)
	if got := wantEvents(t, next, 9, 9).Cursor; got != h.Cursor() {
		t.Errorf("the cursor is %v, want %v", got, h.Cursor())
	}
}

func TestASleepingSubscriberWakes(t *testing.T) {
	h := live.NewHub(0)
	next := subscribe(t, h, h.Cursor())
	got := make(chan live.Notice)
	go func() { got <- next() }()
	publish(h, 1, 1)
	if notice := <-got; len(notice.Events) != 1 {
		t.Errorf("got %+v", notice)
	}
}

func TestResumption(t *testing.T) {
	h := live.NewHub(1000)
	publish(h, 1, 700)
	for seq := range 701 {
		cursor := live.Cursor{Epoch: h.Cursor().Epoch, Seq: int64(seq)}
		if seq < 700 {
			wantEvents(t, subscribe(t, h, cursor), seq+1, 700)
		}
	}
}

func TestResets(t *testing.T) {
	h := live.NewHub(10)
	publish(h, 1, 25)
	now := h.Cursor()
	for name, cursor := range map[string]live.Cursor{
		"of an earlier life": {Epoch: live.NewHub(10).Cursor().Epoch, Seq: 20},
		"forgotten":          {Epoch: now.Epoch, Seq: 14},
		"of the future":      {Epoch: now.Epoch, Seq: 26},
		"negative":           {Epoch: now.Epoch, Seq: -1},
		"without epoch":      {Seq: 20},
	} {
		notice := subscribe(t, h, cursor)()
		if !notice.Reset || len(notice.Events) > 0 || notice.Cursor != now {
			t.Errorf("%s: %+v, want a reset to now", name, notice)
		}
	}
	wantEvents(t, subscribe(t, h, live.Cursor{Epoch: now.Epoch, Seq: 15}), 16, 25) // just remembered
}

func TestASlowSubscriberIsReset(t *testing.T) {
	h := live.NewHub(10)
	next := subscribe(t, h, h.Cursor())
	publish(h, 1, 2)
	wantEvents(t, next, 1, 2)
	publish(h, 3, 11)
	if notice := next(); !notice.Reset {
		t.Fatalf("got %+v, want a reset", notice)
	}
	publish(h, 14, 1)
	wantEvents(t, next, 14, 14)
}

func TestEndsWithItsContext(t *testing.T) {
	h := live.NewHub(10)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var ended error
	for _, err := range h.Subscribe(ctx, live.Cursor{}) {
		ended = err
	}
	if !errors.Is(ended, context.Canceled) {
		t.Errorf("ended with %v", ended)
	}
}

func TestConcurrentUse(t *testing.T) {
	const writers, each = 4, 500
	h := live.NewHub(writers * each)
	start := h.Cursor()
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() { publish(h, 0, each) })
	}
	for range 4 {
		wg.Go(func() {
			want := int64(1)
			for notice, err := range h.Subscribe(t.Context(), start) {
				if err != nil || notice.Reset {
					t.Errorf("got %+v, %v", notice, err)
					return
				}
				for _, e := range notice.Events {
					if e.Seq != want {
						t.Errorf("got %d, want %d", e.Seq, want)
						return
					}
					want++
				}
				if want > writers*each {
					return
				}
			}
		})
	}
	wg.Wait()
}
