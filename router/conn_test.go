package router_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/slipway-paas/slipway/router"
)

// TestRequestsInOnePiece sends many requests without waiting for answers, with
// and without bodies, in pieces that end anywhere.
func TestRequestsInOnePiece(t *testing.T) {
	r, _ := serving(t, func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		_, _ = fmt.Fprintf(w, "%s %s %s %s", req.Method, req.RequestURI, body, req.Trailer.Get("Sum"))
	})
	var text, want strings.Builder
	for i := range 30 {
		switch i % 3 {
		case 0:
			_, _ = fmt.Fprintf(&text, "GET /%d HTTP/1.1\r\nHost: a.test\r\n\r\n", i)
			_, _ = fmt.Fprintf(&want, "GET /%d  ;", i)
		case 1:
			_, _ = fmt.Fprintf(&text, "POST /%d HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello", i)
			_, _ = fmt.Fprintf(&want, "POST /%d hello ;", i)
		case 2:
			_, _ = fmt.Fprintf(&text, "\r\nPUT /%d HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nTrailer: Sum\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\nSum: %d\r\n\r\n", i, i)
			_, _ = fmt.Fprintf(&want, "PUT /%d hello %d;", i, i)
		}
	}
	for _, size := range []int{1, 7, 100, 100_000} {
		conn, in := r.raw("")
		go func() {
			for rest := text.String(); rest != ""; {
				n := min(size, len(rest))
				if _, err := io.WriteString(conn, rest[:n]); err != nil {
					return
				}
				rest = rest[n:]
			}
		}()
		var got strings.Builder
		for i := range 30 {
			res, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatalf("in pieces of %d: answer %d: %v", size, i, err)
			}
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			got.Write(append(body, ';'))
		}
		if got.String() != want.String() {
			t.Errorf("in pieces of %d: %s", size, got.String())
		}
		_ = conn.Close()
	}
}

func TestHTTP10(t *testing.T) {
	r, _ := serving(t, func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/unknown" {
			_, _ = io.WriteString(w, "part ")
			w.(http.Flusher).Flush()
		}
		_, _ = io.WriteString(w, "end")
	})
	conn, in := r.raw("GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n")
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.Proto != "HTTP/1.0" || res.Header.Get("Connection") != "keep-alive" {
		t.Fatalf("%+v, %v", res, err)
	}
	if body, _ := io.ReadAll(res.Body); string(body) != "end" {
		t.Errorf("%q", body)
	}
	_, _ = io.WriteString(conn, "GET /unknown HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n")
	if res, err = http.ReadResponse(in, nil); err != nil || len(res.TransferEncoding) > 0 {
		t.Fatalf("%+v, %v", res, err)
	}
	if body, err := io.ReadAll(res.Body); string(body) != "part end" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
	_, in = r.raw("GET / HTTP/1.0\r\nHost: a.test\r\n\r\n")
	if all, err := io.ReadAll(in); err != nil || !strings.HasSuffix(string(all), "\r\n\r\nend") {
		t.Errorf("%q, %v", all, err)
	}
}

// TestWholeBodyOfALeavingClient sends a body and closes at once: the app gets
// all of it.
func TestWholeBodyOfALeavingClient(t *testing.T) {
	var bytes atomic.Int64
	arrived := make(chan error, 1)
	r, _ := serving(t, func(_ http.ResponseWriter, req *http.Request) {
		n, err := io.Copy(io.Discard, req.Body)
		bytes.Store(n)
		arrived <- err
	})
	const size = 3 << 20
	conn, _ := r.raw(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n", size))
	if _, err := io.Copy(conn, noise(size)); err != nil {
		t.Fatal(err)
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	if err := <-arrived; err != nil || bytes.Load() != size {
		t.Errorf("%d bytes, %v", bytes.Load(), err)
	}
}

// TestAnswersThatAreNotHTTP come from apps that are not what they seem.
func TestAnswersThatAreNotHTTP(t *testing.T) {
	c := newControl(t)
	texts := []string{
		"hello\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 200 OK\r\nBad Header: 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 300<<10) + "\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n",
	}
	for i, text := range texts {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					_, _ = conn.Read(make([]byte, 4096))
					_, _ = io.WriteString(conn, text)
					_, _ = io.Copy(io.Discard, conn) // closed by the router
					_ = conn.Close()
				}()
			}
		}()
		at := listener.Addr().String()
		c.put(live(fmt.Sprint(i), fmt.Sprintf("a%d.test", i), router.Backend{ID: at, Address: at, Workload: "w"}))
	}
	r := start(t, c, nil)
	c.acked(uint64(len(texts)) + 1)
	for i, text := range texts {
		if res, _ := r.get(fmt.Sprintf("http://a%d.test/", i)); res.StatusCode != http.StatusBadGateway {
			t.Errorf("%.50q was answered with %d", text, res.StatusCode)
		}
	}
}
