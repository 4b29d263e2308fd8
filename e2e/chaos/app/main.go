// Command app is what the fault suite deploys: small, and strict about what it
// is sent. Its environment, which a Dockerfile sets, tells it what to do:
//
//	VERSION=2     said on every page
//	LISTEN=no     serves nothing, and goes on running
//	DELAY=2s      listens only then
//	ERRORS=yes    answers every page with an error
//
// As a build step, `app nap 2s` takes its time and `app fail` fails. `app work`
// is a process that takes no requests.
package main

import (
	"bufio"
	"context"
	"crypto/sha1" // the handshake of RFC 6455 asks for it
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if len(os.Args) > 1 {
		os.Exit(step(ctx, os.Args[1:]))
	}
	os.Exit(serve(ctx))
}

// step is what the app does inside of a build, or as a worker.
func step(ctx context.Context, args []string) int {
	switch args[0] {
	case "nap":
		fmt.Println("taking a nap")
		length, err := time.ParseDuration(args[1])
		if err != nil {
			return 2
		}
		time.Sleep(length) // a build step that takes its time
		return 0
	case "fail":
		fmt.Println("it broke for a good reason")
		return 7
	case "work":
		<-ctx.Done()
		return 0
	}
	return 2
}

func serve(ctx context.Context) int {
	if os.Getenv("LISTEN") == "no" {
		<-ctx.Done()
		return 0
	}
	if delay, err := time.ParseDuration(os.Getenv("DELAY")); err == nil {
		time.Sleep(delay) // being slow to start is what it is asked for
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		if os.Getenv("ERRORS") != "" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = fmt.Fprintln(w, name())
	})
	mux.HandleFunc("/note", note)
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = w.Write(body)
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		ms, _ := strconv.Atoi(r.URL.Query().Get("ms"))
		time.Sleep(time.Duration(ms) * time.Millisecond) // being slow is what it is asked for
		_, _ = fmt.Fprintln(w, "at last")
	})
	mux.HandleFunc("/say", func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.URL.Query().Get("text"))
	})
	mux.HandleFunc("/socket", socket)
	server := &http.Server{Addr: ":" + os.Getenv("PORT"), Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	select {
	case err := <-ended:
		fmt.Fprintln(os.Stderr, "listen:", err)
		return 1
	case <-ctx.Done():
	}
	ending, done := context.WithTimeout(context.Background(), 5*time.Second)
	defer done()
	_ = server.Shutdown(ending) // what does not end in time is cut off
	return 0
}

// note keeps a note on the volume, and says all that it has.
func note(w http.ResponseWriter, r *http.Request) {
	const path = "/notes/all"
	kept, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if text := r.URL.Query().Get("text"); text != "" {
		if len(kept) > 0 {
			text = "," + text
		}
		kept = append(kept, text...)
		if err := os.WriteFile(path, kept, 0o600); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	_, _ = w.Write(kept)
}

func name() string {
	return "version " + os.Getenv("VERSION") + " release " + os.Getenv("SLIPWAY_RELEASE")
}

// socket upgrades the connection and sends back each line that comes, with the
// app's name before it. What is inside is no websocket's frames: a proxy does
// not look into them.
func socket(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.WriteHeader(http.StatusUpgradeRequired)
		return
	}
	conn, both, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	defer func() { _ = conn.Close() }()
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	_, _ = fmt.Fprintf(both, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	if both.Flush() != nil {
		return
	}
	lines := bufio.NewScanner(both)
	for lines.Scan() {
		if _, err := fmt.Fprintf(conn, "%s: %s\n", name(), lines.Text()); err != nil {
			return
		}
	}
}
