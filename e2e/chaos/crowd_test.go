package chaos

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// crowd visits an app through the router without a break: pages over kept
// connections and over new ones, bodies that no proxy may send twice, requests
// that are under way when something switches, and websockets.
type crowd struct {
	home *home
	app  string
	stop chan struct{}
	done sync.WaitGroup

	mu       sync.Mutex
	requests int
	sockets  int
	lost     []string
}

// crowd lets the visitors in. They leave when the test ends, or with leave.
func (h *home) crowd(t *testing.T, app string) *crowd {
	t.Helper()
	c := &crowd{home: h, app: app, stop: make(chan struct{})}
	t.Cleanup(c.end)
	cargo := strings.Repeat("cargo ", 2000)
	for _, v := range []struct {
		every      time.Duration
		path, body string
		fresh      bool // a connection of its own
	}{
		{15 * time.Millisecond, "/", "", false},
		{25 * time.Millisecond, "/", "", true},
		{25 * time.Millisecond, "/echo", cargo, false},
		{50 * time.Millisecond, "/echo", cargo, true},
		{25 * time.Millisecond, "/slow?ms=600", "", false},
	} {
		c.done.Add(1)
		go c.send(v.every, v.path, v.body, v.fresh)
	}
	for range 2 {
		c.done.Add(1)
		go c.talk()
	}
	return c
}

// visitor is a client of the router: it finds every host there.
func (h *home) visitor() *http.Client {
	return &http.Client{
		Timeout: 60 * time.Second,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 8,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, h.router)
			},
		},
	}
}

func (h *home) address(app, path string) string { return "http://" + app + ".localhost" + path }

// visit fetches a page of an app through the router, once.
func (h *home) visit(app, path string) (status int, body string, err error) {
	visitor := h.visitor()
	defer visitor.CloseIdleConnections()
	resp, err := visitor.Get(h.address(app, path))
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	return resp.StatusCode, strings.TrimSpace(string(got)), err
}

func (c *crowd) send(every time.Duration, path, body string, fresh bool) {
	defer c.done.Done()
	visitor := c.home.visitor()
	defer visitor.CloseIdleConnections()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-tick.C:
		}
		began := time.Now()
		err := c.once(visitor, path, body, fresh)
		c.mu.Lock()
		c.requests++
		c.note(began, err)
		c.mu.Unlock()
	}
}

func (c *crowd) once(visitor *http.Client, path, body string, fresh bool) error {
	method, content := http.MethodGet, io.Reader(nil)
	if body != "" {
		method, content = http.MethodPost, strings.NewReader(body)
	}
	req, err := http.NewRequest(method, c.home.address(c.app, path), content)
	if err != nil {
		return err
	}
	req.Close = fresh
	resp, err := visitor.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || body != "" && string(got) != body) {
		err = fmt.Errorf("%s %s: %s, %d bytes: %.200s", method, path, resp.Status, len(got), got)
	}
	return err
}

// note writes down a failure. The caller has the lock.
func (c *crowd) note(began time.Time, err error) {
	if err != nil {
		c.lost = append(c.lost, fmt.Sprintf("%s to %s: %v", began.Format("15:04:05.000"), time.Now().Format("05.000"), err))
	}
}

// talk holds a websocket, and opens another when a deployment has ended it. The
// end must not come while the release that it talks to has the traffic, nor
// before the drain time is over.
func (c *crowd) talk() {
	defer c.done.Done()
	for {
		select {
		case <-c.stop:
			return
		default:
		}
		began := time.Now()
		err := c.conversation()
		c.mu.Lock()
		c.sockets++
		c.note(began, err)
		c.mu.Unlock()
		if err != nil {
			select {
			case <-c.stop:
				return
			case <-time.After(100 * time.Millisecond): // not to count one failure a thousand times
			}
		}
	}
}

// conversation is one websocket's life.
func (c *crowd) conversation() error {
	conn, err := net.Dial("tcp", c.home.router)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	_, err = fmt.Fprintf(conn, "GET /socket HTTP/1.1\r\nHost: %s.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", c.app)
	if err != nil {
		return err
	}
	reader := bufio.NewReader(conn)
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		return fmt.Errorf("a websocket's handshake: %w", err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("a websocket's handshake: %s", resp.Status)
	}
	release := ""
	for n := 0; ; n++ {
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		_, err := fmt.Fprintf(conn, "word %d\n", n)
		var line string
		if err == nil {
			line, err = reader.ReadString('\n')
		}
		if err != nil {
			return c.excused(release, err)
		}
		said, word, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if release = said; word != fmt.Sprint("word ", n) {
			return fmt.Errorf("a websocket answers %q to word %d", line, n)
		}
		select {
		case <-c.stop:
			return nil
		case <-time.After(50 * time.Millisecond): // the pace of the conversation
		}
	}
}

// excused says whether a websocket to a release may have ended now: when
// another release has been live for the drain time. While that cannot be asked
// the end is not held against anybody.
func (c *crowd) excused(release string, ended error) error {
	_, version, _ := strings.Cut(release, " release v")
	number, _ := strconv.Atoi(version) // 0 for one that never said a word
	live, err := rows[struct {
		Version   int
		StopFirst bool
		Since     float64
	}](c.home, `SELECT a.live_release AS version, a.stop_first OR EXISTS (SELECT 1 FROM volumes v WHERE v.app_id = a.id) AS stop_first, extract(epoch FROM clock_timestamp() - d.finished_at)::float8 AS since
		FROM apps a JOIN deployments d ON d.app_id = a.id AND d.state = 'succeeded' AND d.release <> $2
		WHERE a.name = $1 AND d.finished_at IS NOT NULL ORDER BY d.finished_at DESC LIMIT 1`, c.app, number)
	if err != nil {
		return nil
	}
	// Where the old one stops first it has been drained before the new one is
	// live.
	if len(live) == 1 && live[0].StopFirst {
		return nil
	}
	// The drain begins at the switch, a little before the release is written
	// down as live.
	if len(live) == 1 && live[0].Version != number && live[0].Since > drainTime.Seconds()-2 {
		return nil
	}
	return fmt.Errorf("a websocket to %q was cut: %w; live: %+v", release, ended, live)
}

// drainTime is what the homes' servers are told.
const drainTime = 3 * time.Second

func (c *crowd) end() {
	c.mu.Lock()
	select {
	case <-c.stop:
	default:
		close(c.stop)
	}
	c.mu.Unlock()
	c.done.Wait()
}

// unharmed fails the test if requests were lost since it was asked last.
func (c *crowd) unharmed(t *testing.T, after string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.lost) > 0 {
		t.Errorf("%d requests of %d lost by %s:\n%s", len(c.lost), c.requests, after, strings.Join(c.lost[:min(5, len(c.lost))], "\n"))
		c.lost = nil
	}
}

// leave ends the visits and says how many there were.
func (c *crowd) leave(t *testing.T) {
	t.Helper()
	c.end()
	t.Logf("%d requests and %d websockets, %d lost", c.requests, c.sockets, len(c.lost))
	c.unharmed(t, "the end")
	if c.requests == 0 {
		t.Error("the crowd sent nothing")
	}
}
