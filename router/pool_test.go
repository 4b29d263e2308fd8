package router

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

// far is the other side of a backend's connections.
type far struct {
	address  string
	accepted chan net.Conn
}

func newFar(t *testing.T) *far {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &far{address: listener.Addr().String(), accepted: make(chan net.Conn, 100)}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			f.accepted <- c
		}
	}()
	return f
}

// connected gives a backend's connection and its other side, nil when it is one
// that there was before.
func (f *far) connected(t *testing.T, b *backend, now time.Time) (*upstream, net.Conn) {
	t.Helper()
	before := map[*upstream]bool{}
	for _, u := range b.pool.idle {
		before[u] = true
	}
	u, err := b.connect(context.Background(), true, now)
	if err != nil {
		t.Fatal(err)
	}
	if before[u] {
		return u, nil
	}
	other := <-f.accepted
	t.Cleanup(func() { _ = other.Close() })
	return u, other
}

// closes fails the test unless the router closes a connection.
func closes(t *testing.T, what string, c net.Conn) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("%s: %v", what, err)
	}
}

// sharing gives the backends of so many apps, all at one address.
func sharing(t *testing.T, n int, address string) (*store, []App, []*backend) {
	t.Helper()
	apps := manyApps(n)
	for i := range apps {
		apps[i].Backends[0].Address = address
	}
	s := loaded(t, apps)
	backends := make([]*backend, n)
	for i := range apps {
		backends[i] = s.index.Load().find(apps[i].Hosts[0]).backends[0]
	}
	return s, apps, backends
}

func applied(t *testing.T, s *store, u Update) {
	t.Helper()
	u.Version = s.index.Load().version + 1
	if _, err := s.apply(u); err != nil {
		t.Fatal(err)
	}
}

// TestBackendsOfOneAddressShareConnections retires one of two backends, with a
// request in flight on it, and then the other.
func TestBackendsOfOneAddressShareConnections(t *testing.T) {
	f, now := newFar(t), time.Now()
	s, apps, b := sharing(t, 2, f.address)
	shared, end := f.connected(t, b[0], now)
	b[0].keep(shared, now)
	inFlight, endInFlight := f.connected(t, b[0], now)
	if inFlight != shared || endInFlight != nil {
		t.Fatal("an idle connection was not used")
	}
	if other, _ := f.connected(t, b[1], now); other == shared {
		t.Fatal("two requests have one connection")
	} else {
		b[1].keep(other, now)
		if again, _ := f.connected(t, b[1], now); again != other {
			t.Fatal("an idle connection was not used")
		}
		b[1].keep(other, now)
		applied(t, s, Update{RemoveApp: apps[0].ID})
		if again, _ := f.connected(t, b[1], now); again != other || !again.quiet() {
			t.Error("the idle connection went with another backend of its address")
		}
		b[1].keep(other, now)
	}
	b[0].keep(inFlight, now)
	closes(t, "a retired backend's connection", end)
	if n := s.pools.idle.Load(); n != 1 {
		t.Errorf("%d idle connections", n)
	}
	last, endLast := f.connected(t, b[1], now)
	late, endLate := f.connected(t, b[1], now)
	if endLast != nil || endLate == nil {
		t.Fatal("not one idle connection and a new one")
	}
	b[1].keep(late, now)
	applied(t, s, Update{RemoveApp: apps[1].ID})
	closes(t, "an idle connection to an address that nobody has", endLate)
	b[1].keep(last, now)
	if n := s.pools.idle.Load(); n != 0 || len(s.pools.all) != 0 {
		t.Errorf("%d idle connections, %d pools are left", n, len(s.pools.all))
	}
}

// TestNewBackendsUseNoOlderConnections gives an address to a second backend
// while connections of the first one are idle: whom they lead to is not sure.
func TestNewBackendsUseNoOlderConnections(t *testing.T) {
	f, now := newFar(t), time.Now()
	s, apps, b := sharing(t, 1, f.address)
	older, end := f.connected(t, b[0], now)
	b[0].keep(older, now)
	inFlight, _ := f.connected(t, b[0], now) // the same, which comes back later
	app := apps[0]
	app.ID, app.Hosts = "another", []string{"another.test"}
	app.Backends = []Backend{{ID: "another", Address: f.address, Workload: "another"}}
	applied(t, s, Update{App: &app})
	b[0].keep(inFlight, now)
	another := s.index.Load().find("another.test").backends[0]
	newer, endNewer := f.connected(t, another, now)
	if newer == older || endNewer == nil {
		t.Fatal("a connection from before the backend is used for it")
	}
	closes(t, "the older connection", end)
	another.keep(newer, now)
	if u, _ := f.connected(t, b[0], now); u != newer {
		t.Error("the first backend has no use for the newer one's connection")
	}
	applied(t, s, Update{Table: &Table{Apps: []App{app}}})
	if another != s.index.Load().find("another.test").backends[0] || another.pool.backends != 1 {
		t.Error("a whole table has changed the backend")
	}
}

func TestIdleConnectionsAreBounded(t *testing.T) {
	f, now := newFar(t), time.Now()
	s, _, b := sharing(t, 1, f.address)
	first, endFirst := f.connected(t, b[0], now)
	second, endSecond := f.connected(t, b[0], now)
	s.pools.idle.Store(idleInAll - 1)
	b[0].keep(first, now)
	b[0].keep(second, now)
	closes(t, "one too many", endSecond)
	if u, _ := f.connected(t, b[0], now); u != first {
		t.Error("the one before it was not kept")
	}
	if n := s.pools.idle.Load(); n != idleInAll-1 {
		t.Errorf("%d idle connections", n)
	}
	b[0].pool.idle = make([]*upstream, idleMost)
	b[0].keep(first, now)
	closes(t, "one too many for an address", endFirst)
}

func TestSweepClosesOldConnections(t *testing.T) {
	f, now := newFar(t), time.Now()
	s, _, b := sharing(t, 1, f.address)
	older, endOlder := f.connected(t, b[0], now)
	newer, endNewer := f.connected(t, b[0], now)
	b[0].keep(older, now)
	b[0].keep(newer, now.Add(time.Second))
	s.pools.sweep(now.Add(idleBackendConn + time.Millisecond))
	closes(t, "the older one", endOlder)
	if n := s.pools.idle.Load(); n != 1 || !newer.quiet() {
		t.Errorf("%d idle connections", n)
	}
	s.pools.sweep(now.Add(time.Minute))
	closes(t, "the newer one", endNewer)
	if n := s.pools.idle.Load(); n != 0 || len(s.pools.listed) != 0 || b[0].pool.listed || b[0].pool.idle != nil {
		t.Errorf("%d idle connections, %d pools are looked after", n, len(s.pools.listed))
	}
}

// TestIdleConnectionsHoldNoBuffers looks at what refers to a buffer that was
// given back, which would keep it in memory.
func TestIdleConnectionsHoldNoBuffers(t *testing.T) {
	f, now := newFar(t), time.Now()
	_, _, b := sharing(t, 1, f.address)
	u, end := f.connected(t, b[0], now)
	_, _ = io.WriteString(end, "HTTP/1.1 200 Fine\r\nContent-Length: 0\r\nHost: x\r\nX-Request-Id: y\r\nUpgrade: z\r\n\r\n")
	if err := u.header(); err != nil || len(u.res.fields) != 4 {
		t.Fatal(err, len(u.res.fields))
	}
	u.out = make([]byte, outKept+1)
	b[0].keep(u, now)
	if u.src.buf != nil || u.out != nil || u.res.reason != nil || u.res.host != nil || u.res.id != nil || u.res.upgrade != nil {
		t.Errorf("%+v", u)
	}
	for _, kept := range u.res.fields[:cap(u.res.fields)] {
		if kept.name != nil || kept.value != nil {
			t.Errorf("%s is kept", kept.name)
		}
	}
}

// TestPoolsFollowTheTable counts the backends of each address over changes.
func TestPoolsFollowTheTable(t *testing.T) {
	apps := manyApps(20)
	s := loaded(t, apps[:0])
	chance := rand.New(rand.NewPCG(1, 2))
	random := func(i int) App {
		app := apps[i]
		app.Backends = nil
		for range chance.IntN(4) {
			n := chance.IntN(5) // the same backend may come twice
			app.Backends = append(app.Backends, Backend{ID: fmt.Sprint(n), Address: fmt.Sprintf("10.0.0.%d:1", n), Workload: "w"})
		}
		return app
	}
	for range 500 {
		switch i := chance.IntN(len(apps)); chance.IntN(10) {
		case 0:
			table := &Table{Platform: &Platform{Host: "p.test", URL: "http://10.0.0.1:1"}}
			for i := range apps {
				table.Apps = append(table.Apps, random(i))
			}
			applied(t, s, Update{Table: table})
		case 1, 2, 3:
			applied(t, s, Update{RemoveApp: apps[i].ID})
		default:
			app := random(i)
			applied(t, s, Update{App: &app})
		}
		want := map[*pool]map[*backend]bool{}
		for _, part := range s.index.Load().parts {
			for _, r := range part {
				for _, b := range r.backends {
					if want[b.pool] == nil {
						want[b.pool] = map[*backend]bool{}
					}
					want[b.pool][b] = true
				}
			}
		}
		if len(want) != len(s.pools.all) {
			t.Fatalf("%d pools, not %d", len(s.pools.all), len(want))
		}
		for at, p := range s.pools.all {
			if p.backends != len(want[p]) || p.closed || p.place != at {
				t.Fatalf("%v has %d backends, not %d", at, p.backends, len(want[p]))
			}
		}
	}
}
