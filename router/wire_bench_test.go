package router

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"testing"
)

// rawBackend answers every request with the same bytes, and allocates nothing.
func rawBackend(t testing.TB, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in, out := make([]byte, 16<<10), []byte(answer)
				for {
					n, err := c.Read(in)
					if err != nil || !bytes.HasSuffix(in[:n], []byte("\r\n\r\n")) {
						return
					}
					if _, err := c.Write(out); err != nil {
						return
					}
				}
			}()
		}
	}()
	return listener.Addr().String()
}

// BenchmarkExchange sends a request and reads its answer over one connection,
// which is all the router does and nothing else. With hosts=0 the client talks
// to the backend itself.
func BenchmarkExchange(b *testing.B) {
	at := rawBackend(b, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\nContent-Length: 5\r\n\r\nhello")
	for _, hosts := range []int{0, 1, 10_000} {
		b.Run(fmt.Sprintf("hosts=%d", hosts), func(b *testing.B) {
			apps := manyApps(max(hosts, 1))
			apps[hosts/2].Backends[0].Address = at
			to := at
			if hosts > 0 {
				to = serveFront(b, newProxy(loaded(b, apps), newAccessLog(), Config{UploadStall: defaultUploadStall}))
			}
			c, err := net.Dial("tcp", to)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			request := []byte("GET / HTTP/1.1\r\nHost: " + apps[hosts/2].Hosts[0] + "\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n")
			in := make([]byte, 16<<10)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Write(request); err != nil {
					b.Fatal(err)
				}
				n, err := io.ReadAtLeast(c, in, 1)
				if err != nil || !bytes.HasSuffix(in[:n], []byte("hello")) {
					b.Fatalf("%q, %v", in[:n], err)
				}
			}
		})
	}
}
