package router_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/router"
)

// serving starts a router with one app, a.test.
func serving(t testing.TB, handler http.HandlerFunc) (*running, *control) {
	t.Helper()
	c := newControl(t)
	_, b := backend(t, handler)
	c.put(live("a", "a.test", b))
	r := start(t, c, nil)
	c.acked(2)
	return r, c
}

func TestEventsArriveAsTheyAreSent(t *testing.T) {
	next := make(chan string)
	r, _ := serving(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		for event := range next {
			_, _ = fmt.Fprintf(w, "data: %s\n\n", event)
			w.(http.Flusher).Flush()
		}
	})
	res, err := r.client.Get("http://a.test/") // returns before the first event was sent
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	for i := range 5 {
		next <- fmt.Sprint(i)
		line, err := lines.ReadString('\n')
		if err != nil || line != fmt.Sprintf("data: %d\n", i) {
			t.Fatalf("%q, %v", line, err)
		}
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	close(next)
	if _, err := lines.ReadString('\n'); !errors.Is(err, io.EOF) {
		t.Errorf("the stream ended with %v", err)
	}
}

func TestKnownLengthArrivesAsItIsSent(t *testing.T) {
	next := make(chan bool, 1)
	r, _ := serving(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		for range 10 {
			<-next
			_, _ = w.Write([]byte("x"))
			w.(http.Flusher).Flush()
		}
	})
	next <- true
	res, err := r.client.Get("http://a.test/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for i := range 10 {
		if _, err := io.ReadFull(res.Body, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if i < 9 {
			next <- true
		}
	}
}

// noise is a stream of pseudo-random bytes, the same for every reader of it.
func noise(size int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{1}), size)
}

func sumOf(t testing.TB, r io.Reader) string {
	t.Helper()
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		t.Errorf("after %d bytes: %v", n, err)
	}
	return fmt.Sprintf("%d %x", n, h.Sum(nil))
}

func TestBigUploadAndDownload(t *testing.T) {
	const size = 96 << 20
	want := sumOf(t, noise(size))
	r, _ := serving(t, func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodGet {
			_, _ = io.Copy(w, noise(size))
			return
		}
		_, _ = io.WriteString(w, sumOf(t, req.Body))
	})
	for _, length := range []int64{size, -1} {
		req, err := http.NewRequest(http.MethodPut, "http://a.test/", io.NopCloser(noise(size)))
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = length
		res, err := r.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if string(got) != want {
			t.Errorf("uploaded with length %d: %s, want %s", length, got, want)
		}
	}
	res, err := r.client.Get("http://a.test/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := sumOf(t, res.Body); got != want {
		t.Errorf("downloaded %s, want %s", got, want)
	}
}

func TestBothDirectionsAtOnce(t *testing.T) {
	r, _ := serving(t, func(w http.ResponseWriter, req *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		w.WriteHeader(http.StatusOK)
		_ = control.Flush()
		lines := bufio.NewScanner(req.Body)
		for lines.Scan() {
			_, _ = fmt.Fprintln(w, strings.ToUpper(lines.Text()))
			_ = control.Flush()
		}
	})
	h2c := new(http.Protocols)
	h2c.SetUnencryptedHTTP2(true)
	for name, transport := range map[string]*http.Transport{
		"HTTP/1.1": r.client.Transport.(*http.Transport).Clone(),
		"HTTP/2.0": {Protocols: h2c, DialContext: r.client.Transport.(*http.Transport).DialContext},
	} {
		t.Run(name, func(t *testing.T) {
			defer transport.CloseIdleConnections()
			body, send := io.Pipe()
			req, err := http.NewRequest(http.MethodPost, "http://a.test/", body)
			if err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.WriteString(send, "first\n") }()
			res, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.Proto != name {
				t.Errorf("spoken: %s", res.Proto)
			}
			lines := bufio.NewReader(res.Body)
			for _, word := range []string{"first", "second", "third"} {
				if word != "first" {
					_, _ = io.WriteString(send, word+"\n")
				}
				if got, err := lines.ReadString('\n'); got != strings.ToUpper(word)+"\n" {
					t.Fatalf("%q, %v", got, err)
				}
			}
			_ = send.Close()
			if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
				t.Errorf("%q, %v", rest, err)
			}
		})
	}
}

func TestAnswerBeforeTheUploadEnds(t *testing.T) {
	r, _ := serving(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	})
	conn, in := r.raw("POST /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\nsome of it")
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusRequestEntityTooLarge || string(body) != "too large\n" || !res.Close {
		t.Errorf("%d %q, closes: %t", res.StatusCode, body, res.Close)
	}
	// What was not read must not be taken for another request.
	_, _ = io.WriteString(conn, "GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n")
	if rest, _ := io.ReadAll(in); len(rest) > 0 {
		t.Errorf("a second answer: %q", rest)
	}
}

func TestClientAbortEndsTheBackendsRequest(t *testing.T) {
	began, ended := make(chan bool), make(chan bool)
	r, c := serving(t, func(_ http.ResponseWriter, req *http.Request) {
		close(began)
		<-req.Context().Done()
		close(ended)
	})
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://a.test/slow", nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := r.client.Do(req)
		done <- err
	}()
	<-began
	cancel()
	<-ended
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	eventually(t, "the access line tells that the client left", func() bool {
		lines := c.lines()
		return len(lines) == 1 && lines[0].Status == 499 && lines[0].Error == "the client went away"
	})
}

func TestBackendAbortIsNoWholeAnswer(t *testing.T) {
	r, c := serving(t, func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/length" {
			w.Header().Set("Content-Length", "1000")
		}
		_, _ = io.WriteString(w, "the beginning")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	for _, path := range []string{"/length", "/chunked"} {
		res, err := r.client.Get("http://a.test" + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err == nil || string(body) != "the beginning" {
			t.Errorf("%s: %q ended with %v", path, body, err)
		}
	}
	eventually(t, "the access lines tell of it", func() bool {
		lines := c.lines()
		return len(lines) == 2 && lines[0].Error == "the app broke off its answer" && lines[0].Status == 200
	})
}

func TestTrailers(t *testing.T) {
	r, _ := serving(t, func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		w.Header().Set("Trailer", "Sum")
		_, _ = io.WriteString(w, "body")
		w.Header().Set("Sum", "1"+req.Trailer.Get("Up"))
		w.Header().Set(http.TrailerPrefix+"Unannounced", "2")
	})
	req, err := http.NewRequest(http.MethodPost, "http://a.test/", io.NopCloser(strings.NewReader("x")))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = -1
	req.Trailer = http.Header{"Up": {"23"}}
	res, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	if res.Trailer.Get("Sum") != "123" || res.Trailer.Get("Unannounced") != "2" {
		t.Errorf("%v", res.Trailer)
	}
}

func TestContinueHeadAndEarlyHints(t *testing.T) {
	r, _ := serving(t, func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/hints":
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Del("Link")
			_, _ = io.WriteString(w, "done")
		case "/refuse":
			w.WriteHeader(http.StatusExpectationFailed)
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Content-Length", "5")
			body, _ := io.ReadAll(req.Body)
			if req.Method != http.MethodHead {
				_, _ = w.Write(bytes.ToUpper(body))
			}
		}
	})
	conn, in := r.raw("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	line, err := in.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("%q, %v", line, err)
	}
	_, _ = in.ReadString('\n')
	_, _ = io.WriteString(conn, "hello")
	if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != 200 {
		t.Errorf("%v, %v", res, err)
	} else if body, _ := io.ReadAll(res.Body); string(body) != "HELLO" {
		t.Errorf("%q", body)
	}

	_, in = r.raw("POST /refuse HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	if line, _ := in.ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 417 ") {
		t.Errorf("refused with %q", line)
	}

	_, in = r.raw("HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\nGET /none HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
	head, err := http.ReadResponse(in, &http.Request{Method: http.MethodHead})
	if err != nil || head.ContentLength != 5 {
		t.Errorf("%+v, %v", head, err)
	}
	if none, err := http.ReadResponse(in, nil); err != nil || none.StatusCode != 204 {
		t.Errorf("%+v, %v", none, err)
	}

	var early string
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
		early = fmt.Sprint(code, header.Get("Link"))
		return nil
	}}
	req, _ := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), trace), http.MethodGet, "http://a.test/hints", nil)
	res, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if early != "103</style.css>; rel=preload" || res.Header.Get("Link") != "" {
		t.Errorf("early %q, then %q", early, res.Header.Get("Link"))
	}
}

func TestStalledUploadIsCutOff(t *testing.T) {
	c := newControl(t)
	var status atomic.Int64
	_, b := backend(t, func(w http.ResponseWriter, req *http.Request) {
		if _, err := io.ReadAll(req.Body); err != nil {
			status.Store(1)
		}
	})
	c.put(live("a", "a.test", b))
	r := start(t, c, func(cfg *router.Config) { cfg.UploadStall = 100 * time.Millisecond })
	c.acked(2)
	_, in := r.raw("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 50\r\n\r\nnot all")
	line, err := in.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 408 ") {
		t.Errorf("%q, %v", line, err)
	}
	eventually(t, "the backend's request ends", func() bool { return status.Load() == 1 })
}

func TestSmugglingIsRefused(t *testing.T) {
	var paths atomic.Int64
	r, _ := serving(t, func(http.ResponseWriter, *http.Request) { paths.Add(1) })
	for _, request := range []string{
		"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
		"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length : 5\r\n\r\nhello",
		"GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a.test\r\nBad Header: 1\r\n\r\n",
		"CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a.test\r\nX: " + strings.Repeat("x", 80<<10) + "\r\n\r\n",
	} {
		_, in := r.raw(request)
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Errorf("%.60q: %v", request, err)
			continue
		}
		if res.StatusCode/100 != 4 && res.StatusCode != http.StatusNotImplemented {
			t.Errorf("%.60q was answered %d", request, res.StatusCode)
		}
	}
	if paths.Load() != 0 {
		t.Errorf("%d of them reached the app", paths.Load())
	}
	// A message with both lengths goes on with the one that counts alone.
	_, in := r.raw("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 50\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
	if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != 200 {
		t.Errorf("%v, %v", res, err)
	}
}
