package router

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

func TestLatencyBuckets(t *testing.T) {
	for i := range LatencyBuckets - 1 {
		bound := LatencyBound(i)
		if i > 0 && bound <= LatencyBound(i-1) {
			t.Errorf("bound %d is %s, not above the one before", i, bound)
		}
		if got := LatencyBucket(bound); got != i {
			t.Errorf("%s falls into bucket %d, want %d", bound, got, i)
		}
		if got := LatencyBucket(bound + 1); got != i+1 {
			t.Errorf("just over %s falls into bucket %d, want %d", bound, got, i+1)
		}
	}
	if got := LatencyBucket(time.Hour); got != LatencyBuckets-1 {
		t.Errorf("an hour falls into bucket %d, want the last", got)
	}
}

// TestCountWhileCutting counts from many goroutines while windows are cut: in
// the end the windows hold each request once.
func TestCountWhileCutting(t *testing.T) {
	s := loaded(t, manyApps(2))
	m := newMeter(s)
	counters := []*counter{s.counters[manyApps(2)[0].ID], s.counters[manyApps(2)[1].ID]}
	const goroutines, each = 8, 5000
	var counting sync.WaitGroup
	for g := range goroutines {
		counting.Go(func() {
			for i := range each {
				counters[g%2].count(served{
					status: []int{101, 200, 302, 404, 503}[i%5], wait: time.Duration(i) * time.Microsecond,
					bytes: 10, failed: i%5 == 4, own: i%10 == 4,
				})
			}
		})
	}
	counted := make(chan struct{})
	go func() { counting.Wait(); close(counted) }()
	total := Traffic{Latency: make([]int64, LatencyBuckets)}
	for start, over := int64(10), false; !over; start += 10 {
		select {
		case <-counted:
			over = true
		default:
		}
		m.cut(start)
		for _, w := range m.oldest() {
			for _, traffic := range w.Apps {
				for i, n := range traffic.Responses {
					total.Responses[i] += n
				}
				for i, n := range traffic.Latency {
					total.Latency[i] += n
				}
				total.Errors, total.Own, total.Bytes = total.Errors+traffic.Errors, total.Own+traffic.Own, total.Bytes+traffic.Bytes
			}
		}
		m.taken(m.oldest())
	}
	const all = goroutines * each
	if total.Responses != [Classes]int64{all / 5, all / 5, all / 5, all / 5, all / 5} {
		t.Errorf("responses %v, want %d of each class", total.Responses, all/5)
	}
	var latencies int64
	for _, n := range total.Latency {
		latencies += n
	}
	if latencies != all || total.Errors != all/5 || total.Own != all/10 || total.Bytes != 10*all {
		t.Errorf("latencies %d, errors %d, own %d, bytes %d", latencies, total.Errors, total.Own, total.Bytes)
	}
}

func TestMeterIsBounded(t *testing.T) {
	apps := manyApps(1000)
	s := loaded(t, apps)
	m := newMeter(s)
	for i := range windowsMost + 40 {
		if i < 30 { // busy, and then idle
			for _, app := range apps {
				s.counters[app.ID].count(served{status: 200, wait: time.Millisecond})
			}
		}
		m.cut(int64(i+1) * 10)
		if len(m.windows) > windowsMost || m.entries > entriesMost {
			t.Fatalf("%d windows with %d apps are kept", len(m.windows), m.entries)
		}
	}
	if len(m.windows) != windowsMost {
		t.Errorf("%d windows are kept, want %d", len(m.windows), windowsMost)
	}
	if sent := m.oldest(); sent[0].Start != m.windows[0].Start {
		t.Error("the oldest does not go first")
	}
	m.cut(10) // the clock was set back
	if last := m.windows[len(m.windows)-1].Start; last != int64(windowsMost+40)*10 {
		t.Errorf("after the clock was set back the newest window begins at %d", last)
	}
}

// TestCountersFollowTheTable keeps counting for an app over table changes and
// lets go of one that has left.
func TestCountersFollowTheTable(t *testing.T) {
	s := loaded(t, manyApps(1))
	app := manyApps(1)[0]
	before := s.apps[app.ID].counter
	before.count(served{status: 200})
	app.Release++
	if _, err := s.apply(Update{Version: 2, App: &app}); err != nil {
		t.Fatal(err)
	}
	s.apps[app.ID].counter.count(served{status: 200})
	if _, err := s.apply(Update{Version: 3, RemoveApp: app.ID}); err != nil {
		t.Fatal(err)
	}
	before.count(served{status: 200}) // a request that was still in flight
	counted := s.counted()[app.ID]
	if n := counted.Requests(); n != 3 {
		t.Errorf("%d requests were counted, want 3", n)
	}
	if len(s.counters) != 0 {
		t.Error("the counter of an app that is gone is kept")
	}
}

// BenchmarkCount is what counting adds to a request, from all processors at
// once on one app, which is the worst case.
func BenchmarkCount(b *testing.B) {
	c := &counter{}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.count(served{status: 200, wait: 3 * time.Millisecond, bytes: 512})
		}
	})
}

// BenchmarkCounting sends requests through the router with and without
// counting, by turns, and gives the ratio of the two times.
func BenchmarkCounting(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	defer srv.Close()
	app := manyApps(1)[0]
	app.Backends[0].Address = srv.Listener.Addr().String()
	s := loaded(b, []App{app})
	p := newProxy(s, newAccessLog(), Config{UploadStall: defaultUploadStall})
	p.access.lines = accessMost // full, so that it costs the same at every turn
	req := &request{method: []byte("GET"), name: http.MethodGet, target: []byte("/"), major: 2, minor: 1}
	req.reset()
	req.host = []byte(app.Hosts[0])
	request := func(counting bool) {
		ex := &exchange{proxy: p, client: nowhere{}, req: req, ctx: b.Context(), caller: &caller{}, start: time.Now(), host: app.Hosts[0], id: []byte("id")}
		ex.serve()
		if counting {
			ex.route.counter.count(ex.served())
		}
		if p.access.room() {
			b.Fatal("there is room for a line")
		}
		ex.leave()
		if ex.status != http.StatusOK {
			b.Fatal(ex.status, ex.reason)
		}
	}
	const turn = 200
	var with, without time.Duration
	for first := true; b.Loop(); first = !first { // neither always goes second
		for _, counting := range []bool{first, !first} {
			began := time.Now()
			for range turn {
				request(counting)
			}
			if counting {
				with += time.Since(began)
			} else {
				without += time.Since(began)
			}
		}
	}
	b.ReportMetric(float64(with)/float64(without), "with/without")
	b.ReportMetric(float64(with.Nanoseconds())/float64(b.N*turn), "ns/request")
	b.ReportMetric(0, "ns/op")
}

// nowhere is a client that takes everything.
type nowhere struct{}

func (nowhere) early(*response) error { return nil }
func (nowhere) begin(*answer) error   { return nil }
func (nowhere) write([]byte) error    { return nil }
func (nowhere) flush() error          { return nil }
func (nowhere) finish(*head) error    { return nil }
