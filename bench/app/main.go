// Command app is what bench deploys and what it puts behind proxies: a small
// server that says hello, and that can fill its log.
//
//	PORT=8080         where it listens; LISTEN=host:port goes before it
//	IGNORE_TERM=yes   goes on when it is told to end, until it is killed
package main

import (
	"bufio"
	"bytes"
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
	version, _ := os.ReadFile("/version") // "" where there is none
	address := os.Getenv("LISTEN")
	if address == "" {
		address = ":" + os.Getenv("PORT")
	}
	server := &http.Server{Addr: address, Handler: pages(string(bytes.TrimSpace(version))), ReadHeaderTimeout: time.Minute}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, os.Interrupt)
	go func() {
		for range told {
			if os.Getenv("IGNORE_TERM") == "" {
				os.Exit(0)
			}
		}
	}()
	fmt.Fprintln(os.Stderr, "listen:", server.ListenAndServe())
	os.Exit(1)
}

func pages(version string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "Hello from a small Go program.\n")
	})
	// /version says which build and which release this is.
	mux.HandleFunc("/version", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, version+" v"+os.Getenv("SLIPWAY_RELEASE"))
	})
	// /address says where this one listens.
	mux.HandleFunc("/address", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, os.Getenv("LISTEN"))
	})
	// /echo answers with what it is sent.
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = w.Write(body)
	})
	// /lines?n=1000 writes lines of 200 bytes as fast as it can, and with
	// every=1000 one each 1000 microseconds. Each is "<run> <number> <when it
	// was written, Unix nanoseconds> xxx…".
	mux.HandleFunc("/lines", func(_ http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("n"))
		every, _ := strconv.Atoi(r.FormValue("every"))
		go writeLines(r.FormValue("run"), n, time.Duration(every)*time.Microsecond)
	})
	return mux
}

func writeLines(run string, n int, every time.Duration) {
	out := bufio.NewWriterSize(os.Stdout, 32<<10)
	began := time.Now()
	line := make([]byte, 0, 256)
	for i := 1; i <= n; i++ {
		if every > 0 {
			time.Sleep(time.Until(began.Add(time.Duration(i) * every))) // the rate that is asked for
		}
		line = fmt.Appendf(line[:0], "%s %d %d ", run, i, time.Now().UnixNano())
		line = append(line, bytes.Repeat([]byte("x"), max(0, 199-len(line)))...)
		_, _ = out.Write(append(line, '\n'))
		if every > 0 {
			_ = out.Flush()
		}
	}
	_ = out.Flush()
}
