// Command worker is one program with two processes: "web" answers requests and
// "work" does something in the background until it is told to stop.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	switch {
	case len(os.Args) == 2 && os.Args[1] == "web":
		web()
	case len(os.Args) == 2 && os.Args[1] == "work":
		work(ctx)
	default:
		log.Fatal("usage: worker web|work")
	}
}

func web() {
	http.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "The worker's lines are in the log: slipway logs -f --process worker")
	})
	log.Fatal(http.ListenAndServe(":"+cmp.Or(os.Getenv("PORT"), "8080"), nil))
}

// work ends by itself when it is asked to, so that no job is cut in the middle.
func work(ctx context.Context) {
	every := time.NewTicker(2 * time.Second)
	defer every.Stop()
	for job := 1; ; job++ {
		log.Printf("job %d done", job)
		select {
		case <-ctx.Done():
			log.Print("asked to stop, and done")
			return
		case <-every.C:
		}
	}
}
