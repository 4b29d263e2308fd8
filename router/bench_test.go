package router

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkFind looks up hosts among one and among many.
func BenchmarkFind(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		s := loaded(b, manyApps(n))
		hosts := make([]string, 256)
		for i := range hosts {
			hosts[i] = fmt.Sprintf("app-%d.apps.example.com", (i*37)%n)
		}
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if s.index.Load().find(normalHost(hosts[i%256])) == nil {
					b.Fatal("not found")
				}
			}
		})
	}
}

// BenchmarkUpdate changes one app's backend in a table of many.
func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			apps := manyApps(n)
			s := loaded(b, apps)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				app := apps[i%n]
				app.Backends = []Backend{{ID: "new", Address: fmt.Sprintf("10.0.0.1:%d", i%60000+1), Workload: "w"}}
				if _, err := s.apply(Update{Version: uint64(i + 2), App: &app}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkWholeTable replaces all of a table of 10,000 apps.
func BenchmarkWholeTable(b *testing.B) {
	apps := manyApps(10_000)
	s := loaded(b, apps)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		v := uint64(i + 2)
		if _, err := s.apply(Update{Version: v, Table: &Table{Version: v, Apps: apps}}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkProxy sends small requests through the router, over loopback.
func BenchmarkProxy(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	defer srv.Close()
	for _, n := range []int{1, 10_000} {
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			apps := manyApps(n)
			apps[n/2].Backends[0].Address = srv.Listener.Addr().String()
			s := loaded(b, apps)
			at := serveFront(b, newProxy(s, newAccessLog(), Config{UploadStall: defaultUploadStall}))
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					req, _ := http.NewRequest(http.MethodGet, "http://"+at, nil)
					req.Host = apps[n/2].Hosts[0]
					res, err := client.Do(req)
					if err != nil {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
					if res.StatusCode != http.StatusOK {
						b.Error(res.Status)
						return
					}
				}
			})
		})
	}
}

// serveFront serves clients on a port of this machine until the test's end.
func serveFront(t testing.TB, p *proxy) (address string) {
	t.Helper()
	_, address = newTestFront(t, p)
	return address
}

func newTestFront(t testing.TB, p *proxy) (f *front, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	life, end := context.WithCancel(context.Background())
	f = newFront(life, p, slog.New(slog.DiscardHandler))
	over := make(chan struct{})
	go func() {
		defer close(over)
		f.run(life)
	}()
	go func() { _ = f.serve(listener, nil) }()
	t.Cleanup(func() {
		_ = listener.Close()
		end()
		<-over
	})
	return f, listener.Addr().String()
}
