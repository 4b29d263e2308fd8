package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/slipway-paas/slipway/server/logs"
)

// streamServer serves a log stream whose connections do what the test says,
// one after the other, and notes how each was asked for.
type streamServer struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string // the requests' queries
}

func serveStream(t *testing.T, connections ...func(http.ResponseWriter, *http.Request)) *streamServer {
	t.Helper()
	s := &streamServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		n := len(s.asked)
		s.asked = append(s.asked, r.URL.RawQuery)
		s.mu.Unlock()
		if n >= len(connections) {
			t.Errorf("connection %d was not expected: %s", n+1, r.URL)
			w.WriteHeader(http.StatusTeapot)
			return
		}
		connections[n](w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// sends answers with frames and then cuts the connection without a word.
func sends(t *testing.T, frames ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		for _, f := range frames {
			if err := conn.WriteMessage(websocket.TextMessage, []byte(f)); err != nil {
				t.Error(err)
			}
		}
	}
}

func answers(status int, kind, detail string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"status":%d,"kind":%q,"detail":%q}`, status, kind, detail)
	}
}

func lineFrame(seqs ...int64) string {
	parts := make([]string, len(seqs))
	for i, seq := range seqs {
		parts[i] = fmt.Sprintf(`{"seq":%d,"source":"app","text":"line %d"}`, seq, seq)
	}
	return `{"type":"lines","lines":[` + strings.Join(parts, ",") + `]}`
}

const endFrame = `{"type":"end","state":"succeeded"}`

// followAll follows a stream to its end and gives the lines that arrived.
func followAll(t *testing.T, s *streamServer) (seqs []int64, gaps []logs.Gap, cuts int, err error) {
	t.Helper()
	c, _, _ := newCLI(t, "", nil)
	session, err := c.dial(s.URL, "slw_secret")
	if err != nil {
		t.Fatal(err)
	}
	err = session.follow(context.Background(), "/logs", 0, func(f frame) error {
		for _, l := range f.Lines {
			seqs = append(seqs, l.Seq)
		}
		if f.Gap != nil {
			gaps = append(gaps, *f.Gap)
		}
		return nil
	}, func(error) { cuts++ })
	return seqs, gaps, cuts, err
}

func TestFollowResumesAfterACut(t *testing.T) {
	s := serveStream(t,
		sends(t, lineFrame(1, 2), `{"type":"ping"}`, lineFrame(3)),
		answers(http.StatusServiceUnavailable, "unavailable", "Postgres is away"),
		sends(t, `{"type":"gap","gap":{"from":4,"to":9,"reason":"slow"}}`),
		sends(t, lineFrame(10), endFrame))
	seqs, gaps, cuts, err := followAll(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int64{1, 2, 3, 10}; !slices.Equal(seqs, want) {
		t.Errorf("lines %v, want %v", seqs, want)
	}
	if len(gaps) != 1 || gaps[0].To != 9 || cuts != 3 {
		t.Errorf("gaps %v, cuts %d", gaps, cuts)
	}
	if want := []string{"after=0", "after=3", "after=3", "after=9"}; !slices.Equal(s.asked, want) {
		t.Errorf("asked %v, want %v", s.asked, want)
	}
}

func TestFollowStopsAtARefusal(t *testing.T) {
	for _, test := range []struct {
		name    string
		handler func(http.ResponseWriter, *http.Request)
		code    int
		message string
	}{
		{"no such app", answers(http.StatusNotFound, "not_found", "no such app: hello"), exitNotFound, "no such app: hello"},
		{"bad token", answers(http.StatusUnauthorized, "unauthenticated", "the token is not valid"), exitForbidden, "the token is not valid"},
		{"a frame of type error", sends(t, `{"type":"error","problem":{"kind":"forbidden","detail":"no longer yours"}}`), exitForbidden, "no longer yours"},
		{"no JSON", sends(t, `{`), exitFailed, "not JSON"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, _, err := followAll(t, serveStream(t, test.handler))
			if err == nil {
				t.Fatal("no error")
			}
			f := explain(context.Background(), err)
			if f.code != test.code || !strings.Contains(f.message, test.message) || strings.Contains(f.message, "slw_secret") {
				t.Errorf("got %d %q", f.code, f.message)
			}
		})
	}
}

func TestFollowEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c, _, _ := newCLI(t, "", nil)
	hang := make(chan struct{})
	defer close(hang)
	s := serveStream(t, func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		if err := conn.WriteMessage(websocket.TextMessage, []byte(lineFrame(1))); err != nil {
			t.Error(err)
		}
		<-hang
	})
	session, err := c.dial(s.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	err = session.follow(ctx, "/logs", 0, func(frame) error { cancel(); return nil }, func(error) {})
	if f := explain(ctx, err); f.code != exitInterrupted {
		t.Errorf("got %v, exit code %d", err, f.code)
	}
}

func TestProblemsBecomeAdvice(t *testing.T) {
	for _, test := range []struct {
		name, contentType, body string
		status, code            int
		message, hint           string
	}{
		{"fields", "application/problem+json; charset=utf-8", `{"kind":"invalid","detail":"wrong","errors":[{"location":"body.name","message":"too short"}]}`, 422, exitFailed, "wrong (body.name: too short)", ""},
		{"retry", "application/problem+json", `{"kind":"unavailable","detail":"the engine is away"}`, 503, exitUnavailable, "the engine is away", "Try again in 5 s."},
		{"somebody else's page", "text/html", "<h1>Hi</h1>", 404, exitUnavailable, "the server answered 404 not found", "Is that the address of a Slipway server?"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.contentType)
				w.Header().Set("Retry-After", "5")
				w.WriteHeader(test.status)
				_, _ = fmt.Fprint(w, test.body)
			}))
			defer server.Close()
			c, _, _ := newCLI(t, "", nil)
			s, err := c.dial(server.URL, "slw_x")
			if err != nil {
				t.Fatal(err)
			}
			_, err = ok(s.api.GetSetupWithResponse(context.Background()))
			f := explain(context.Background(), err)
			if f.code != test.code || f.message != test.message || (test.hint != "" && f.hint != test.hint) {
				t.Errorf("got %d %q %q", f.code, f.message, f.hint)
			}
		})
	}
}

func TestAnAnswerOfNoSlipwayServer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "welcome") }))
	defer server.Close()
	c, _, _ := newCLI(t, "", nil)
	s, err := c.dial(server.URL, "slw_x")
	if err != nil {
		t.Fatal(err)
	}
	_, err = ok(s.api.GetSetupWithResponse(context.Background()))
	if f := explain(context.Background(), err); f.code != exitUnavailable {
		t.Errorf("got %d %v", f.code, err)
	}
}

func TestLogFilters(t *testing.T) {
	line := logs.Line{Process: "web", Instance: "hello.web.v3.1"}
	for _, test := range []struct {
		flags logFlags
		want  bool
	}{
		{logFlags{}, true},
		{logFlags{process: "web"}, true},
		{logFlags{process: "worker"}, false},
		{logFlags{instance: "web.1"}, true},
		{logFlags{instance: "web.2"}, false},
		{logFlags{instance: "hello.web.v3.1"}, true},
		{logFlags{process: "worker", instance: "web.1"}, false},
	} {
		if got := test.flags.wants(line); got != test.want {
			t.Errorf("%+v: %v", test.flags, got)
		}
	}
}

func TestTablesTakeNoControlCharacters(t *testing.T) {
	c, out, _ := newCLI(t, "", nil)
	if err := c.table([]string{"A", "B"}, [][]string{{"x\x1b[31my", "two\nlines"}}); err != nil {
		t.Fatal(err)
	}
	if want := "A        B\nx[31my   two lines\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
