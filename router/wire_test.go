package router

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"sort"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// readRequest reads a header as a connection does.
func readRequest(text string) (*request, error) {
	s := &source{conn: fakeConn{strings.NewReader(text)}}
	b, err := s.header(maxHeaderBytes)
	if err != nil {
		return nil, err
	}
	r := &request{}
	return r, r.read(b)
}

// fakeConn reads from somewhere else and writes to nobody.
type fakeConn struct{ io.Reader }

func (fakeConn) Write(p []byte) (int, error)      { return len(p), nil }
func (fakeConn) Close() error                     { return nil }
func (fakeConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (fakeConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (fakeConn) SetDeadline(time.Time) error      { return nil }
func (fakeConn) SetReadDeadline(time.Time) error  { return nil }
func (fakeConn) SetWriteDeadline(time.Time) error { return nil }

func TestRequestHeaders(t *testing.T) {
	for _, try := range []struct {
		text string
		want int // status of the refusal, 0 for none
	}{
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
		{"GET / HTTP/1.1\nHost: a\n\n", 0},
		{"GET / HTTP/1.0\r\n\r\n", 0},
		{"GET http://b/x?y HTTP/1.1\r\nHost: a\r\n\r\n", 0},
		{"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
		{"GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \xff\tz \r\n\r\n", 0},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 0},
		{"GET / HTTP/1.1\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
		{"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
		{"GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"GET http://u@b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"GET ftp://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
		{"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
		{"GET /\r\nHost: a\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", 400},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", 400},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", 501},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("a:\r\n", fieldsMost) + "\r\n", 431},
		{"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	} {
		_, err := readRequest(try.text)
		var refused *refusal
		got := 0
		if errors.As(err, &refused) {
			got = refused.status
		} else if err != nil {
			got = -1
		}
		if got != try.want {
			t.Errorf("%q: refused with %d (%v), want %d", try.text, got, err, try.want)
		}
	}
}

// sent gives a request as backends get it.
func sent(req *request, upload *upload) string {
	ex := &exchange{proxy: &proxy{}, req: req, upload: upload, route: &route{}, caller: &caller{ip: "192.0.2.1", chain: "192.0.2.1", proto: "http", host: "h", port: "80"}, id: []byte("the-id-of-it")}
	return string(ex.appendRequest(nil))
}

// FuzzRequest checks that whatever is not refused is read by net/http in the
// same way, as it came and as it goes on.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /a?b HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\nX-A: 1\r\nx-a: 2\r\nConnection: x-a, close\r\n\r\nhello",
		"POST http://b/ HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nTrailer: X\n\n0\r\n\r\n",
		"GET / HTTP/1.0\r\nConnection: keep-alive\r\nTE: trailers\r\nUpgrade: h2c\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded-For: 1\r\nFORWARDED: x\r\nX-Slipway_Router-Token: y\r\n\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		req, err := readRequest(text)
		if err != nil || req.name == http.MethodConnect {
			return
		}
		length := req.length
		if req.chunked {
			length = -1
		}
		for _, as := range []string{text, sent(req, &upload{})} {
			std, err := http.ReadRequest(bufio.NewReader(strings.NewReader(as)))
			if err != nil {
				if strings.Contains(err.Error(), "invalid URL") || strings.Contains(err.Error(), "parse \"") {
					return // whether a path is well escaped is the app's business
				}
				t.Fatalf("%q is taken, and net/http says %v", as, err)
			}
			if std.Method != string(req.method) || std.Host != string(req.host) {
				t.Fatalf("%q: %s for %q, net/http has %s for %q", as, req.method, req.host, std.Method, std.Host)
			}
			if std.ContentLength != max(length, -1) && (length > 0 || std.ContentLength > 0 || req.chunked) {
				t.Fatalf("%q: length %d, net/http has %d", as, length, std.ContentLength)
			}
			for name := range std.Header {
				if strings.Contains(name, "_") && kindOf([]byte(name)) == kindVouched && as != text {
					t.Fatalf("%q goes on in %q", name, as)
				}
			}
		}
	})
}

func FuzzResponse(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.0 404 Not Found\r\nX: a\r\n folded\r\nConnection: keep-alive\r\n\r\n",
		"HTTP/1.1 101 x\nUpgrade: websocket\nConnection: upgrade\n\n",
		"HTTP/1.1 204 \r\nContent-Length: 0\r\n\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := &source{conn: fakeConn{strings.NewReader(text)}}
		b, err := s.header(maxAnswerHeader)
		if err != nil {
			return
		}
		var res response
		if res.read(b) != nil {
			return
		}
		std, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), nil)
		if err != nil {
			t.Fatalf("%q is taken, and net/http says %v", text, err)
		}
		how, length := res.frame(http.MethodGet)
		if std.StatusCode != res.status || how == framedLength && std.ContentLength != length || (how == framedChunked) != (len(std.TransferEncoding) > 0) {
			t.Fatalf("%q: %d %d %d, net/http has %d %d %v", text, res.status, how, length, std.StatusCode, std.ContentLength, std.TransferEncoding)
		}
		for i := range res.fields {
			if v := std.Header[http.CanonicalHeaderKey(string(res.fields[i].name))]; res.fields[i].kind == kindPlain && !slices.Contains(v, string(res.fields[i].value)) && !strings.Contains(text, "\n ") && !strings.Contains(text, "\n\t") {
				t.Fatalf("%q: %s is %q, net/http has %q", text, res.fields[i].name, res.fields[i].value, v)
			}
		}
	})
}

// FuzzChunked checks that a chunked body which is taken is what net/http makes
// of it, however it arrives.
func FuzzChunked(f *testing.F) {
	for _, seed := range []string{
		"5\r\nhello\r\n0\r\n\r\n", "5;x=y\r\nhello\r\n00\r\nSum: 1\r\nOther: 2\r\n\r\n", "5\nhello\n0\n\n", "0\r\n\r\n", "ffffffffffffffff\r\n",
		"5\r\nhelloworld\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "1\r\na\r\n2\r\nbc\r\n0\r\nX : y\r\n\r\n",
	} {
		f.Add(seed)
	}
	read := func(r io.Reader, scratch int) (string, []string, error) {
		var b inflow
		b.begin(&source{conn: fakeConn{r}}, framedChunked, 0)
		var body []byte
		into := make([]byte, scratch)
		for {
			piece, err := b.next(into)
			body = append(body, piece...)
			if err != nil {
				var names []string
				for i := range b.trailer.fields {
					names = append(names, string(b.trailer.fields[i].name)+": "+string(b.trailer.fields[i].value))
				}
				return string(body), names, err
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		body, trailer, err := read(strings.NewReader(text), 3)
		slow, slowTrailer, slowErr := read(iotest.OneByteReader(strings.NewReader(text)), 4096)
		if body != slow || (err == io.EOF) != (slowErr == io.EOF) || !slices.Equal(trailer, slowTrailer) {
			t.Fatalf("%q: %q %q %v, byte by byte %q %q %v", text, body, trailer, err, slow, slowTrailer, slowErr)
		}
		if err != io.EOF {
			return
		}
		std, err := io.ReadAll(httputil.NewChunkedReader(strings.NewReader(text)))
		if err != nil || string(std) != body {
			t.Fatalf("%q: %q, net/http has %q, %v", text, body, std, err)
		}
	})
}

// TestKinds checks the names that mean something in all their spellings.
func TestKinds(t *testing.T) {
	for name, want := range map[string]kind{
		"Host": kindHost, "CONTENT-length": kindLength, "transfer-encoding": kindEncoding, "Connection": kindConnection, "Upgrade": kindUpgrade,
		"te": kindTE, "Trailer": kindTrailer, "Keep-Alive": kindHop, "Proxy-Connection": kindHop, "Proxy-Authenticate": kindHop, "Proxy-Authorization": kindHop,
		"HTTP2-Settings": kindHop, "X-Request-Id": kindRequestID, "x_request-id": kindVouched, "X-Forwarded-For": kindForwardedBy, "X_Forwarded_For": kindVouched,
		"X-Forwarded-Anything": kindForwardedBy, "X-Forwarded_Prefix": kindVouched, "Forwarded": kindVouched, "X_Real-IP": kindVouched,
		"X-Slipway-Router-Token": kindVouched, "x_slipway_router_token": kindVouched, "Expect": kindExpect, "Accept": kindAccept, "Date": kindDate,
		"X-Forwarded": kindPlain, "Accept-Encoding": kindPlain, "Cookie": kindPlain, "Content-Type": kindPlain, "Content_Length": kindPlain, "~": kindPlain, "Hosts": kindPlain,
	} {
		if got := kindOf([]byte(name)); got != want {
			t.Errorf("%s is of kind %d, want %d", name, got, want)
		}
	}
}

// TestSameAsReverseProxy sends requests with all kinds of headers through the
// router and through httputil.ReverseProxy: app and client must see the same.
func TestSameAsReverseProxy(t *testing.T) {
	backend := newHeaderEcho(t)
	app := manyApps(1)[0]
	app.Backends[0].Address = backend.address
	ours := serveFront(t, newProxy(loaded(t, []App{app}), newAccessLog(), Config{UploadStall: defaultUploadStall}))
	theirs := newReverseProxy(t, backend.address)
	host := app.Hosts[0]
	lines := []string{
		"Accept: text/html", "accept-encoding: gzip, br", "User-Agent: x", "Cookie: a=b", "Cookie: c=d", "X-Twice: 1", "X-Twice: 2", "X-Empty:",
		"Connection: keep-alive", "Connection: X-Twice", "Connection: close, x-Listed", "X-Listed: 1", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive",
		"Proxy-Authorization: Basic x", "TE: trailers", "TE: gzip", "Trailer: X", "Upgrade: websocket", "X-Forwarded-For: 1.2.3.4", "Forwarded: for=x",
		"Authorization: Bearer x", "If-None-Match: \"x\"", "Range: bytes=0-1", "Content-Type: text/plain", "Referer: http://x/", "Origin: null", "X-Utf: \xc3\xa4",
	}
	for _, answer := range []string{"/plain", "/hop", "/nocontent", "/notmodified", "/chunked", "/close", "/twice", "/reason"} {
		for i := range lines {
			// Each line alone, and with some of the others.
			text := lines[i] + "\r\n"
			for j := i + 1; j < len(lines); j += 1 + i%5 {
				text += lines[j] + "\r\n"
			}
			for _, method := range []string{"GET", "HEAD", "POST"} {
				body := ""
				if method == "POST" {
					body = "Content-Length: 5\r\n\r\nhello"
				} else {
					body = "\r\n"
				}
				raw := method + " " + answer + "?a=b&c=%2F HTTP/1.1\r\nHost: " + host + "\r\n" + text + body
				seenOurs, gotOurs := throughProxy(t, backend, ours, method, raw)
				seenTheirs, gotTheirs := throughProxy(t, backend, theirs, method, raw)
				if !slices.Equal(seenOurs, seenTheirs) {
					t.Fatalf("%q: the app saw\n%s\nand through ReverseProxy\n%s", raw, strings.Join(seenOurs, "\n"), strings.Join(seenTheirs, "\n"))
				}
				if !slices.Equal(gotOurs, gotTheirs) {
					t.Fatalf("%q: the client got\n%s\nand through ReverseProxy\n%s", raw, strings.Join(gotOurs, "\n"), strings.Join(gotTheirs, "\n"))
				}
			}
		}
	}
}

// headerEcho is an app that notes how it was asked.
type headerEcho struct {
	address string
	seen    chan []string
}

func newHeaderEcho(t *testing.T) *headerEcho {
	e := &headerEcho{seen: make(chan []string, 10)}
	e.address = serveHandler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		e.seen <- append(sortedHeader(r.Header), r.Method+" "+r.RequestURI+" "+r.Host+" "+string(body))
		h := w.Header()
		h.Set("Date", "Mon, 02 Jan 2006 15:04:05 GMT")
		switch r.URL.Path {
		case "/hop":
			h.Set("Connection", "X-Listed, keep-alive")
			h.Set("X-Listed", "1")
			h.Set("Keep-Alive", "timeout=5")
			h.Set("Proxy-Authenticate", "Basic")
			h.Set("Upgrade", "websocket")
		case "/nocontent":
			w.WriteHeader(http.StatusNoContent)
			return
		case "/notmodified":
			h.Set("Etag", `"x"`)
			w.WriteHeader(http.StatusNotModified)
			return
		case "/chunked":
			_, _ = io.WriteString(w, "one")
			_ = http.NewResponseController(w).Flush()
		case "/close":
			h.Set("Connection", "close")
		case "/twice":
			h.Add("Set-Cookie", "a=b")
			h.Add("Set-Cookie", "c=d")
		case "/reason":
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = io.WriteString(w, "two")
	}))
	return e
}

func serveHandler(t *testing.T, h http.Handler) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(listener) }()
	t.Cleanup(func() { _ = srv.Close() })
	return listener.Addr().String()
}

func newReverseProxy(t *testing.T, backend string) string {
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return serveHandler(t, &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", backend
	}})
}

// throughProxy sends a request as it is, and gives what app and client saw but
// for what only the router adds.
func throughProxy(t *testing.T, e *headerEcho, at, method, raw string) (seen, got []string) {
	t.Helper()
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	return <-e.seen, append(sortedHeader(res.Header), res.Status+" "+string(body))
}

func sortedHeader(h http.Header) []string {
	var lines []string
	for name, values := range h {
		switch name {
		case "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Real-Ip", "Forwarded", "X-Request-Id":
			continue
		}
		lines = append(lines, name+": "+strings.Join(values, " | "))
	}
	sort.Strings(lines)
	return lines
}

// TestSourceGrows reads headers that are longer than the buffer, in pieces.
func TestSourceGrows(t *testing.T) {
	long := "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 3*sourceSize) + "\r\nContent-Length: 20000\r\n\r\n"
	body := strings.Repeat("0123456789", 2000)
	s := &source{conn: fakeConn{iotest.HalfReader(strings.NewReader(long + body + long))}}
	for range 2 {
		b, err := s.header(maxHeaderBytes)
		if err != nil {
			t.Fatal(err)
		}
		var req request
		if err := req.read(b); err != nil {
			t.Fatal(err)
		}
		var in inflow
		in.begin(s, framedLength, min(req.length, 20000))
		var got bytes.Buffer
		_, err = io.CopyBuffer(&got, onlyReader{&in}, make([]byte, 777))
		if string(req.host) != "a" || len(req.fields[1].value) != 3*sourceSize {
			t.Error("the header changed while the body was read")
		}
		if err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) && got.Len() == 0 {
				return // the second has no body
			}
			t.Fatal(err)
		}
		if got.String() != body {
			t.Errorf("a body of %d bytes", got.Len())
		}
	}
	t.Error("the second body did not break off")
}

type onlyReader struct{ io.Reader }
