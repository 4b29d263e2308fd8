// Command go-hello is a small web app to deploy: a greeting, a health check
// and a clock that ticks in the browser.
package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"os"
	"time"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

func main() {
	port := cmp.Or(os.Getenv("PORT"), "8080")
	http.HandleFunc("GET /{$}", greet)
	http.HandleFunc("GET /clock", tick)
	http.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "ok")
	})
	log.SetFlags(0)
	log.Printf("listening on port %s", port)
	log.Fatal(http.ListenAndServe(":"+port, nil))
}

// greet answers with what the app knows of itself.
func greet(w http.ResponseWriter, req *http.Request) {
	host, _ := os.Hostname() // empty is fine on a page
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	err := page.Execute(w, map[string]string{
		"Greeting": cmp.Or(os.Getenv("GREETING"), "Hello from Slipway"),
		"Host":     host,
		"App":      os.Getenv("SLIPWAY_APP"),
		"Release":  os.Getenv("SLIPWAY_RELEASE"),
		"Request":  req.Header.Get("X-Request-Id"),
	})
	if err != nil {
		log.Printf("writing the page: %v", err)
	}
}

// tick sends the time every second for as long as the browser listens.
func tick(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for now := time.Now(); ; {
		if _, err := fmt.Fprintf(w, "data: %s\n\n", now.UTC().Format("15:04:05")); err != nil {
			return
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		select {
		case <-req.Context().Done():
			return
		case now = <-every.C:
		}
	}
}
