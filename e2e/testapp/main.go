// Command testapp is the app that the end-to-end tests push. It is told what to
// do by its environment, which a Dockerfile or a config var sets:
//
//	VERSION=2     said on every page
//	SAY=text      a line on stdout at the start
//	COMPLAIN=text a line on stderr at the start
//	EXIT=3        exits with code 3 after those lines
//	LISTEN=no     serves nothing, and goes on running
//	DELAY=2s      listens only then
//
// As a build step, `testapp sleep` sleeps until it is killed, `testapp nap 2s`
// for a while, `testapp fail` fails, and `testapp has NAME` fails unless the
// build secret NAME is there.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		os.Exit(step(os.Args[1:]))
	}
	os.Exit(run())
}

// step is what the app does inside of a build.
func step(args []string) int {
	switch args[0] {
	case "sleep":
		fmt.Println("fast asleep")
		for {
			time.Sleep(time.Hour) // until the build is cancelled
		}
	case "nap":
		fmt.Println("taking a nap")
		length, err := time.ParseDuration(args[1])
		if err != nil {
			return 2
		}
		time.Sleep(length) // a build step that takes its time
		return 0
	case "fail":
		fmt.Println("the last thing before it breaks")
		fmt.Fprintln(os.Stderr, "it broke for a good reason")
		return 7
	case "has":
		value, err := os.ReadFile("/run/secrets/" + args[1])
		if err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Printf("the secret %s has %d bytes: %s\n", args[1], len(value), value)
		return 0
	}
	fmt.Fprintln(os.Stderr, "unknown step", args[0])
	return 2
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if text := os.Getenv("SAY"); text != "" {
		fmt.Println(text)
	}
	if text := os.Getenv("COMPLAIN"); text != "" {
		fmt.Fprintln(os.Stderr, text)
	}
	if code, err := strconv.Atoi(os.Getenv("EXIT")); err == nil {
		return code
	}
	if os.Getenv("LISTEN") == "no" {
		<-ctx.Done()
		return 0
	}
	if delay, err := time.ParseDuration(os.Getenv("DELAY")); err == nil {
		time.Sleep(delay) // being slow to start is what it is asked for
	}
	server := &http.Server{Addr: ":" + os.Getenv("PORT"), Handler: pages(), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	select {
	case err := <-ended:
		fmt.Fprintln(os.Stderr, "listen:", err)
		return 1
	case <-ctx.Done():
	}
	fmt.Println("bye from", os.Getenv("VERSION"))
	ending, done := context.WithTimeout(context.Background(), 5*time.Second)
	defer done()
	if err := server.Shutdown(ending); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return 1
	}
	return 0
}

func pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, "version %s release %s\n", os.Getenv("VERSION"), os.Getenv("SLIPWAY_RELEASE"))
	})
	// /env?name=KEY shows one variable of the environment.
	mux.HandleFunc("/env", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, os.Getenv(r.URL.Query().Get("name")))
	})
	// /echo answers with what it is sent, once it has all of it: net/http gives
	// up the rest of a body when the answer begins.
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = w.Write(body)
	})
	// /slow?ms=1000 takes its time, as a request does that a switch must wait for.
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		ms, _ := strconv.Atoi(r.URL.Query().Get("ms"))
		if ms > 5000 {
			fmt.Println("taking", ms, "ms")
		}
		time.Sleep(time.Duration(ms) * time.Millisecond) // being slow is what it is asked for
		_, _ = fmt.Fprintln(w, "at last")
	})
	// /status?code=503 answers with that code.
	mux.HandleFunc("/status", func(w http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(r.URL.Query().Get("code"))
		if err != nil || code < 200 || code > 599 {
			code = http.StatusBadRequest
		}
		w.WriteHeader(code)
	})
	// /say?text=… writes one line to stdout.
	mux.HandleFunc("/say", func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.URL.Query().Get("text"))
	})
	// /log?from=1&to=100 writes numbered lines to stdout.
	mux.HandleFunc("/log", func(_ http.ResponseWriter, r *http.Request) {
		from, _ := strconv.Atoi(r.URL.Query().Get("from"))
		to, _ := strconv.Atoi(r.URL.Query().Get("to"))
		for i := from; i <= to; i++ {
			fmt.Printf("line %d\n", i)
		}
	})
	mux.HandleFunc("/talk", talk)
	mux.HandleFunc("/flood", flood)
	return mux
}

// talk writes numbered lines, every third to stderr, whether or not anybody
// waits for it: /talk?to=100&ms=2 writes 100 of them, two milliseconds apart.
func talk(_ http.ResponseWriter, r *http.Request) {
	to, _ := strconv.Atoi(r.URL.Query().Get("to"))
	ms, _ := strconv.Atoi(r.URL.Query().Get("ms"))
	pause := time.NewTicker(time.Duration(max(ms, 1)) * time.Millisecond)
	defer pause.Stop()
	for i := 1; i <= to; i++ {
		out := os.Stdout
		if i%3 == 0 {
			out = os.Stderr
		}
		_, _ = fmt.Fprintf(out, "line %d at %d\n", i, time.Now().UnixNano())
		<-pause.C
	}
}

// flood writes numbered lines of 200 bytes as fast as it can: /flood?to=100000.
func flood(_ http.ResponseWriter, r *http.Request) {
	to, _ := strconv.Atoi(r.URL.Query().Get("to"))
	out := bufio.NewWriterSize(os.Stdout, 64<<10)
	for i := 1; i <= to; i++ {
		_, _ = fmt.Fprintf(out, "line %-195d\n", i)
	}
	_ = out.Flush()
}
