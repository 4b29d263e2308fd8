package hook

import (
	"fmt"
	"io"
	"net"
	"time"
)

// Run is the hook: it sends the push's updates from stdin to the server, copies
// the answer to out, and gives the exit code. getenv reads the environment that
// git gave.
func Run(stdin io.Reader, out io.Writer, getenv func(string) string) int {
	fail := func(format string, args ...any) int {
		_, _ = fmt.Fprintf(out, " !     "+format+"\n", args...)
		return 1
	}
	socket, push := getenv(EnvSocket), getenv(EnvPush)
	if socket == "" || push == "" {
		return fail("this repository takes pushes through Slipway only")
	}
	updates, err := io.ReadAll(io.LimitReader(stdin, MaxRequest))
	if err != nil {
		return fail("the list of refs could not be read: %v", err)
	}
	conn, err := net.DialTimeout("unix", socket, 5*time.Second)
	if err != nil {
		return fail("Slipway is not answering; push again in a moment")
	}
	defer func() { _ = conn.Close() }()

	req := Request{Push: push, Quarantine: getenv("GIT_QUARANTINE_PATH"), Updates: string(updates)}
	if err := WriteRequest(conn, req); err != nil {
		return fail("%v", err)
	}
	code, err := ReadAnswer(conn, out)
	if err != nil {
		return fail("the connection to Slipway was cut. A deployment that had begun goes on; see the dashboard")
	}
	return code
}
