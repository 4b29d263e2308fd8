package e2e

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// alive are the installations that have not been removed yet: a test that is
// told to end removes them all the same.
var alive struct {
	sync.Mutex
	list map[*installation]bool
}

func (in *installation) born() {
	alive.Lock()
	defer alive.Unlock()
	if alive.list == nil {
		alive.list = map[*installation]bool{}
	}
	alive.list[in] = true
}

func (in *installation) gone() {
	alive.Lock()
	defer alive.Unlock()
	delete(alive.list, in)
}

// removeAtSignal removes what tests have made when the process is told to end.
func removeAtSignal() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-told
		alive.Lock() // and nothing new begins
		fmt.Fprintln(os.Stderr, "told to end; removing what the tests made")
		for in := range alive.list {
			if err := in.remove(); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
		os.Exit(1)
	}()
}
