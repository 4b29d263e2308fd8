// Command slipway-hook is git's pre-receive hook in the repositories of a
// Slipway server, which writes it there itself.
package main

import (
	"os"

	"github.com/slipway-paas/slipway/server/git/hook"
)

func main() { os.Exit(hook.Run(os.Stdin, os.Stderr, os.Getenv)) }
