// Package testapp is the app that drivers are tested with. It does as its
// environment says, so that the same app runs as a container and inside the
// in-memory driver.
//
//	TEST_EXIT=3        exits with code 3 after its first lines
//	TEST_LISTEN=no     serves nothing
//	TEST_DELAY=300ms   starts to listen only then
//	TEST_HEALTH=503    answers /health with it
//	TEST_OUT=text      a line to stdout at the start
//	TEST_ERR=text      a line to stderr at the start
//	TEST_ALLOC=64      fills as many MiB of memory
//	TEST_TERM=ignore   does not end on SIGTERM
//	TEST_NOTE=path     adds a line to a file, and says how many it had
//	TEST_CAT=1         copies stdin to stdout, then exits
package testapp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// World is what the app runs in.
type World struct {
	Getenv         func(string) string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Listen         func() (net.Listener, error) // on PORT
	Allocate       func(mib int)                // may never return
	Killed         <-chan struct{}              // nil where a kill needs no help
}

// Run is the app. It returns the exit code. ctx ends with SIGTERM.
func Run(ctx context.Context, w World) int {
	for _, line := range []string{"TEST_OUT", "TEST_ERR"} {
		if text := w.Getenv(line); text != "" {
			_, _ = fmt.Fprintln(map[string]io.Writer{"TEST_OUT": w.Stdout, "TEST_ERR": w.Stderr}[line], text)
		}
	}
	if path := w.Getenv("TEST_NOTE"); path != "" {
		if err := note(w, path); err != nil {
			_, _ = fmt.Fprintln(w.Stderr, err)
			return 1
		}
	}
	if w.Getenv("TEST_CAT") != "" {
		if _, err := io.Copy(w.Stdout, w.Stdin); err != nil {
			return 1
		}
	}
	if mib, err := strconv.Atoi(w.Getenv("TEST_ALLOC")); err == nil {
		w.Allocate(mib)
	}
	if code, err := strconv.Atoi(w.Getenv("TEST_EXIT")); err == nil {
		return code
	}
	if w.Getenv("TEST_CAT") != "" {
		return 0
	}
	return serve(ctx, w)
}

// note adds a line to a file and says how many there were.
func note(w World, path string) error {
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if _, err := fmt.Fprintln(w.Stdout, "notes before:", strings.Count(string(before), "\n")); err != nil {
		return err
	}
	return os.WriteFile(path, append(before, "note\n"...), 0o600)
}

func serve(ctx context.Context, w World) int {
	ended := ctx.Done()
	if w.Getenv("TEST_TERM") == "ignore" {
		ended = nil
	}
	if delay, err := time.ParseDuration(w.Getenv("TEST_DELAY")); err == nil {
		time.Sleep(delay) // being slow is what it is asked for
	}
	exit := make(chan int, 1)
	if w.Getenv("PORT") != "" && w.Getenv("TEST_LISTEN") != "no" {
		listener, err := w.Listen()
		if err != nil {
			_, _ = fmt.Fprintln(w.Stderr, "listen:", err)
			return 1
		}
		server := &http.Server{Handler: handler(w, exit), ReadHeaderTimeout: 10 * time.Second}
		go func() { _ = server.Serve(listener) }() // ends when closed
		defer func() { _ = server.Close() }()
	}
	select {
	case <-ended:
		_, _ = fmt.Fprintln(w.Stdout, "bye")
		return 0
	case code := <-exit:
		return code
	case <-w.Killed:
		return 137
	}
}

func handler(w World, exit chan<- int) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintln(rw, "hello from release", w.Getenv("TEST_RELEASE"))
	})
	mux.HandleFunc("/health", func(rw http.ResponseWriter, r *http.Request) {
		if status, err := strconv.Atoi(w.Getenv("TEST_HEALTH")); err == nil {
			rw.WriteHeader(status)
		}
	})
	// /exit?code=N ends the app, as a crash would.
	mux.HandleFunc("/exit", func(rw http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.URL.Query().Get("code"))
		rw.Header().Set("Connection", "close")
		rw.Header().Set("Content-Length", "0") // so that it is all there before the app is gone
		rw.WriteHeader(http.StatusAccepted)
		if f, ok := rw.(http.Flusher); ok {
			f.Flush()
		}
		exit <- code
	})
	// /log?n=100&from=1&size=10&stream=stderr writes numbered lines.
	mux.HandleFunc("/log", func(rw http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		n, _ := strconv.Atoi(q.Get("n"))
		from, _ := strconv.Atoi(q.Get("from"))
		size, _ := strconv.Atoi(q.Get("size"))
		out := w.Stdout
		if q.Get("stream") == "stderr" {
			out = w.Stderr
		}
		lines := bufio.NewWriter(out)
		for i := from; i < from+n; i++ {
			_, _ = fmt.Fprintf(lines, "line %d%s\n", i, strings.Repeat("x", size))
		}
		_ = lines.Flush()
	})
	// /get?url= fetches from another instance.
	mux.HandleFunc("/get", func(rw http.ResponseWriter, r *http.Request) {
		response, err := http.Get(r.URL.Query().Get("url")) //nolint:gosec // the test says where
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadGateway)
			return
		}
		defer func() { _ = response.Body.Close() }()
		_, _ = io.Copy(rw, response.Body)
	})
	return mux
}
