package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// resumer follows a log and checks that each numbered line comes once, and in
// order, however often it is cut off.
type resumer struct {
	t     *testing.T
	in    *installation
	app   string
	conn  *websocket.Conn
	after int64
	cuts  int
	seen  map[int]bool
	last  map[string]int // the number of the newest line of each output
}

// connect opens the stream where it was left, as soon as there is a server.
func (r *resumer) connect() {
	r.t.Helper()
	header := http.Header{"Authorization": {"Bearer " + r.in.token}}
	address := fmt.Sprintf("%s/api/v1/apps/%s/logs/stream?after=%d", strings.Replace(r.in.url, "http", "ws", 1), r.app, r.after)
	eventually(r.t, 60*time.Second, "the log can be followed", func() error {
		conn, _, err := websocket.DefaultDialer.Dial(address, header)
		r.conn = conn
		return err
	})
	r.t.Cleanup(func() { _ = r.conn.Close() })
}

// read takes one frame, false when the connection broke.
func (r *resumer) read() bool {
	r.t.Helper()
	f := follower{r.t, r.conn}
	got, err := f.next()
	if err != nil {
		return false
	}
	if got.Gap != nil {
		r.t.Fatalf("a gap: %+v", got.Gap)
	}
	for _, line := range got.Lines {
		if line.Seq != r.after+1 {
			r.t.Fatalf("seq %d follows %d", line.Seq, r.after)
		}
		r.after = line.Seq
		var n, at int
		if line.Source != "app" {
			if strings.Contains(line.Text, "missing") {
				r.t.Fatal(line.Text)
			}
			continue
		}
		if _, err := fmt.Sscanf(line.Text, "line %d at %d", &n, &at); err != nil {
			continue
		}
		if r.seen[n] {
			r.t.Fatalf("line %d came twice", n)
		}
		if n <= r.last[line.Stream] {
			r.t.Fatalf("%s: line %d after %d", line.Stream, n, r.last[line.Stream])
		}
		if (n%3 == 0) != (line.Stream == "stderr") {
			r.t.Fatalf("line %d came from %s", n, line.Stream)
		}
		r.seen[n], r.last[line.Stream] = true, n
	}
	return true
}

// A container writes all the while on both of its outputs. A client is cut off
// a hundred times, the server killed and stopped and started again between.
// Each line arrives once and in order, the last words of the container too.
// E2E_SEED repeats what was seen.
func TestLogsAreGapless(t *testing.T) {
	const lines, cuts = 20_000, 100
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("E2E_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("E2E_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	in := install(t)
	repo := newRepository(t, testApp(t, "ENV VERSION=1"))
	repo.deploy(in, "gapless")
	talking := make(chan error, 1)
	go func() {
		_, _, err := in.visit("gapless", fmt.Sprintf("/talk?to=%d&ms=1", lines))
		talking <- err
	}()

	r := &resumer{t: t, in: in, app: "gapless", seen: map[int]bool{}, last: map[string]int{}}
	for r.connect(); r.cuts < cuts; r.cuts++ {
		for frames := random.IntN(60); frames > 0 && r.read(); frames-- {
		}
		_ = r.conn.UnderlyingConn().Close() // cut, without a farewell
		switch r.cuts {
		case 20, 50, 80:
			in.kill(t)
			in.start(t)
		case 35, 65:
			if err := in.stop(); err != nil {
				t.Fatal(err)
			}
			in.start(t)
		}
		r.connect()
	}
	for len(r.seen) < lines {
		if !r.read() {
			r.connect()
		}
	}
	<-talking // its request may well time out: what counts is that all was written

	// It is stopped and removed at once, and is still heard.
	if code, _, complaint := in.run(t, "ps", "scale", "-a", "gapless", "web=0"); code != 0 {
		t.Fatal(complaint)
	}
	api := in.api(t)
	eventually(t, 60*time.Second, "the log tells of the end", func() error {
		said := api.textOf("apps/gapless/logs")
		if end := said[max(0, len(said)-500):]; !strings.Contains(end, "bye from 1\n") || !strings.Contains(end, "web.v1.1 removed\n") {
			return errors.New(end)
		}
		return nil
	})
}

// idleProxy passes connections on to the server, and cuts one that was silent
// for a while in either direction, as proxies do.
func idleProxy(t *testing.T, to string, patience time.Duration) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	pass := func(from, to net.Conn, done func()) {
		defer done()
		buf := make([]byte, 32<<10)
		for {
			_ = from.SetReadDeadline(time.Now().Add(patience))
			n, err := from.Read(buf)
			if _, failed := to.Write(buf[:n]); err != nil || failed != nil {
				return
			}
		}
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				_ = client.Close()
				continue
			}
			done := sync.OnceFunc(func() { _ = client.Close(); _ = server.Close() })
			go pass(client, server, done)
			go pass(server, client, done)
		}
	}()
	return listener.Addr().String()
}

// A log on which nothing is said stays connected through a proxy that cuts what
// is silent for 20 seconds in one direction, and tells the next line at once.
// E2E_IDLE says how long nothing is said.
func TestIdleLogStaysConnected(t *testing.T) {
	idle := 25 * time.Second
	if text := os.Getenv("E2E_IDLE"); text != "" {
		var err error
		if idle, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	in := installed(t)
	newRepository(t, testApp(t)).deploy(in, "quiet")
	header := http.Header{"Authorization": {"Bearer " + in.token}}
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+idleProxy(t, in.listen, 20*time.Second)+"/api/v1/apps/quiet/logs/stream?tail=0", header)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	heard := make(chan error, 1)
	spoken := make(chan time.Time, 1)
	go func() {
		f := follower{t, conn}
		for {
			got, err := f.next()
			if err != nil {
				heard <- err
				return
			}
			for _, line := range got.Lines {
				if strings.HasPrefix(line.Text, "line 1 at ") {
					heard <- nil
					return
				}
			}
		}
	}()
	go func() {
		time.Sleep(idle) // silence is what is tested
		spoken <- time.Now()
		if _, _, err := in.visit("quiet", "/talk?to=1"); err != nil {
			heard <- err
		}
	}()
	if err := <-heard; err != nil {
		t.Fatalf("cut off: %v", err)
	}
	if took := time.Since(<-spoken); took > 2*time.Second {
		t.Errorf("the line took %s", took)
	}
}

// delays are how long lines took from the app that wrote them, and from the
// engine that took them down, to who follows.
type delays struct{ whole, ours []time.Duration }

// delays follows a log whose lines say when they were written, until ctx ends.
func (in *installation) delays(ctx context.Context, t *testing.T, app string) <-chan delays {
	result := make(chan delays, 1)
	f := in.api(t).follow("apps/" + app + "/logs/stream?tail=0")
	context.AfterFunc(ctx, func() { _ = f.conn.Close() })
	go func() {
		var took delays
		for {
			got, err := f.next()
			if err != nil {
				result <- took
				return
			}
			for _, line := range got.Lines {
				var n int
				var at int64
				if _, err := fmt.Sscanf(line.Text, "line %d at %d", &n, &at); err == nil {
					took.whole = append(took.whole, time.Since(time.Unix(0, at)))
					took.ours = append(took.ours, time.Since(line.Time))
				}
			}
		}
	}()
	return result
}

// memory gives what the server takes up, at its highest, in bytes.
func (in *installation) memory(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", in.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var kib int
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err = strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
		}
	}
	if err != nil || kib == 0 {
		t.Fatalf("%v: %s", err, status)
	}
	return kib << 10
}

var errEnough = errors.New("all lines are there")

// One app writes as fast as it can, and 200 readers of it do not read. The
// server's memory stays bounded, another app's lines come promptly, and each
// reader is told of every line that it did not get.
func TestFloodAndReadersThatDoNotRead(t *testing.T) {
	const lines, readers = 1_000_000, 200
	in := install(t, "SLIPWAY_LOG_STREAM_MB=1024")
	api := in.api(t)
	newRepository(t, testApp(t)).deploy(in, "flood")
	newRepository(t, testApp(t)).deploy(in, "calm")
	var silent []*follower
	for range readers {
		silent = append(silent, api.follow("apps/flood/logs/stream?tail=0"))
	}
	go func() { _, _, _ = in.visit("calm", "/talk?to=1000000&ms=5") }()      // goes on until the app ends
	alone := in.delaysFor(t, "calm", func() { time.Sleep(3 * time.Second) }) // what the machine does anyway
	before := in.memory(t)
	all := &tally{want: lines}
	var spent time.Duration
	beside := in.delaysFor(t, "calm", func() { spent = flooded(t, in, all) })
	grown := in.memory(t) - before
	t.Logf("%d lines in %s, %.0f a second, delivered %d, dropped %d in %d gaps; memory grew by %d MiB from %d",
		lines, spent, lines/spent.Seconds(), all.delivered, all.dropped, all.gaps, grown>>20, before>>20)
	t.Logf("lines of the calm app: alone %s; beside the flood %s", alone, beside)
	if grown > 160<<20 {
		t.Errorf("memory grew by %d MiB", grown>>20)
	}
	// The flood, the engine, the server and this test share the processors with
	// whatever else the machine does: this bound tells waiting for a turn from
	// waiting for the flood to end. What it takes is in the line above.
	if limit := time.Second + 4*percentile(alone.ours, 0.99); percentile(beside.ours, 0.99) > limit {
		t.Errorf("beside the flood a line takes %s, and alone %s", beside, alone)
	}

	// A reader that wakes up is told what it missed, if it was not cut off; then
	// the rest is there for who comes again.
	for _, f := range silent[:3] {
		late := &tally{want: lines}
		for done := false; !done; {
			got, err := f.next()
			if err != nil { // cut off for taking nothing
				late.after = max(late.after, all.first-1)
				f = api.follow(fmt.Sprintf("apps/flood/logs/stream?after=%d", late.after))
				continue
			}
			err = late.take(got)
			if done = errors.Is(err, errEnough); err != nil && !done {
				t.Fatal(err)
			}
		}
		if late.delivered+late.dropped != lines {
			t.Errorf("delivered %d, dropped %d of %d", late.delivered, late.dropped, lines)
		}
		t.Logf("a late reader: delivered %d, dropped %d in %d gaps", late.delivered, late.dropped, late.gaps)
	}
}

// flooded has the app flood its log, and follows it to its end.
func flooded(t *testing.T, in *installation, all *tally) time.Duration {
	t.Helper()
	began := time.Now()
	go func() { _, _, _ = in.visit("flood", fmt.Sprintf("/flood?to=%d", all.want)) }() // what counts is what was written
	f := in.api(t).follow("apps/flood/logs/stream?after=0")
	for {
		got, err := f.next()
		if err == nil {
			err = all.take(got)
		}
		if errors.Is(err, errEnough) {
			return time.Since(began)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// delaysFor gives the delays while something is done.
func (in *installation) delaysFor(t *testing.T, app string, do func()) delays {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	result := in.delays(ctx, t, app)
	do()
	cancel()
	took := <-result
	if len(took.whole) < 100 {
		t.Fatalf("only %d lines of %s came", len(took.whole), app)
	}
	return took
}

// String gives the 99th percentiles.
func (d delays) String() string {
	return fmt.Sprintf("%s (%s of it ours) over %d lines", percentile(d.whole, 0.99), percentile(d.ours, 0.99), len(d.whole))
}

// percentile gives the time that a share of all stays within.
func percentile(took []time.Duration, share float64) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[int(share*float64(len(took)-1))]
}

// tally counts the numbered lines of a flood: those that came, and those of
// which it was told that they did not. Between them no line of the log is
// missing.
type tally struct {
	want                     int
	first                    int64 // the seq of the first numbered line
	after                    int64
	delivered, dropped, gaps int
	last                     int  // number of the newest line
	told                     bool // since then of lines that are missing
}

// take gives errEnough with the last line.
func (y *tally) take(f frame) error {
	if f.Gap != nil {
		if y.after != 0 && f.Gap.From != y.after+1 {
			return fmt.Errorf("a gap from %d after %d", f.Gap.From, y.after)
		}
		y.after, y.told = f.Gap.To, true
		y.gaps++
	}
	for _, line := range f.Lines {
		if y.after != 0 && line.Seq != y.after+1 {
			return fmt.Errorf("seq %d after %d, and no gap told", line.Seq, y.after)
		}
		y.after = line.Seq
		if line.Source != "app" {
			y.told = y.told || strings.Contains(line.Text, "missing here")
			continue
		}
		number, ok := strings.CutPrefix(strings.TrimSpace(line.Text), "line ")
		n, err := strconv.Atoi(number)
		if !ok || err != nil {
			continue
		}
		if y.first == 0 {
			y.first = line.Seq
		}
		if n > y.last+1 && !y.told {
			return fmt.Errorf("line %d after %d, and nothing told", n, y.last)
		}
		y.dropped += n - y.last - 1
		y.delivered, y.last, y.told = y.delivered+1, n, false
		if n == y.want {
			return errEnough
		}
	}
	return nil
}
