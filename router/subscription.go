package router

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

const (
	silenceLimit  = 30 * time.Second // the server pings every 10 s
	longestUpdate = 256 << 20
	retryFirst    = 100 * time.Millisecond
	retryMost     = 5 * time.Second
)

// server is the router's way to the control plane.
type server struct {
	url    string
	id     string
	token  func() (string, error)
	client *http.Client
}

func newServer(cfg Config) *server {
	return &server{
		url: strings.TrimSuffix(cfg.Server, "/"), id: cfg.ID, token: cfg.token,
		client: &http.Client{
			Transport: &http.Transport{
				DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
				TLSHandshakeTimeout:   5 * time.Second,
				ResponseHeaderTimeout: 15 * time.Second,
				IdleConnTimeout:       time.Minute,
				MaxIdleConnsPerHost:   2,
			},
			// A redirect would carry the token to another place.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// do makes a request, with JSON in pieces or without a body.
func (s *server) do(ctx context.Context, method, path string, body ...[]byte) (*http.Response, error) {
	token, err := s.token()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("X-Router-Id", s.id)
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
		for _, piece := range body {
			req.ContentLength += int64(len(piece))
		}
		req.GetBody = func() (io.ReadCloser, error) { // for another connection, when one was closed before it was used
			rest := net.Buffers(slices.Clone(body))
			return io.NopCloser(&rest), nil
		}
		req.Body, _ = req.GetBody() // never fails
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode/100 != 2 {
		_ = res.Body.Close()
		return nil, fmt.Errorf("the server answered %s", res.Status)
	}
	return res, nil
}

// subscription follows the server's table for ever.
type subscription struct {
	server  *server
	store   *store
	applied func() // called after each change of the table
	first   func() // called after each whole table
	log     *slog.Logger
	silence time.Duration
}

// run connects, applies what comes and connects again, until ctx ends. While
// there is no server the table stays as it is.
func (s *subscription) run(ctx context.Context) {
	wait := backoff{}
	told := ""
	for ctx.Err() == nil {
		began := time.Now()
		changes, err := s.follow(ctx)
		s.store.cut(time.Now())
		if ctx.Err() != nil {
			return
		}
		if changes > 0 && time.Since(began) > retryMost {
			wait = backoff{}
		}
		pause := wait.next()
		// A server that is away for an hour is worth a line, not a thousand.
		if why := err.Error(); changes > 0 || why != told {
			s.log.Warn("the table's stream ended; serving from the last table", "err", err, "again_in", pause)
			told = why
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// follow reads one stream to its end and gives the number of changes in it.
func (s *subscription) follow(ctx context.Context) (changes int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(s.silence, func() { cancel(errors.New("the server has gone silent")) })
	defer watchdog.Stop()
	res, err := s.server.do(ctx, http.MethodGet, "/internal/router/v1/table")
	if err != nil {
		return 0, firstCause(ctx, err)
	}
	defer res.Body.Close()
	lines := bufio.NewReaderSize(res.Body, 16<<10)
	for {
		line, err := readLine(lines, longestUpdate)
		if err != nil {
			return changes, firstCause(ctx, err)
		}
		watchdog.Reset(s.silence)
		update, err := DecodeUpdate(line)
		if err != nil {
			return changes, err
		}
		if changes == 0 && update.Table == nil && !update.Ping {
			return changes, errors.New("the server's stream does not begin with a table")
		}
		changed, err := s.store.apply(update)
		if err != nil {
			return changes, err
		}
		if changed {
			changes++
			s.applied()
		}
		if update.Table != nil {
			s.store.joined()
			s.first()
			s.log.Info("table received", "version", update.Version, "apps", len(update.Table.Apps))
			debug.FreeOSMemory() // its text is several times as large as what is kept of it
		}
	}
}

func firstCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// readLine reads up to and without the next newline, refusing what is too long.
func readLine(r *bufio.Reader, longest int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > longest {
			return nil, fmt.Errorf("an update of over %d bytes", longest)
		}
		line = append(line, part...)
		if err == nil {
			return line[:len(line)-1], nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
}

// backoff doubles from try to try, with half of it left to chance, so that
// many routers do not come back at the same moment.
type backoff struct{ last time.Duration }

func (b *backoff) next() time.Duration {
	b.last = min(max(2*b.last, retryFirst), retryMost)
	return b.last/2 + rand.N(b.last/2)
}
