package postgres

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"syscall"
)

// settings are modest, since the control plane's database is small and shares
// its machine with the apps. Error messages go without what people typed.
func settings() map[string]string {
	return map[string]string{
		"listen_addresses":          "",
		"port":                      "5432",
		"unix_socket_permissions":   "0700",
		"max_connections":           "60",
		"shared_buffers":            "32MB",
		"max_wal_size":              "256MB",
		"min_wal_size":              "32MB",
		"jit":                       "off",
		"timezone":                  "UTC",
		"log_destination":           "stderr",
		"logging_collector":         "off",
		"log_line_prefix":           "%b: ",
		"log_error_verbosity":       "terse",
		"log_min_error_statement":   "panic",
		"lc_messages":               "C",
		"autovacuum_max_workers":    "2",
		"max_parallel_workers":      "2",
		"cluster_name":              "slipway",
		"huge_pages":                "off",
		"max_prepared_transactions": "0",
	}
}

// process is one running postgres.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended

	mu   sync.Mutex
	last string // the last FATAL or PANIC it wrote
}

// launch starts postgres over the folder's data. It does not wait until it
// answers.
func launch(f *folder, bin Binaries, extra map[string]string, logger *slog.Logger) (*process, error) {
	all := settings()
	maps.Copy(all, extra)
	cmd, err := f.command(context.Background(), filepath.Join(bin.Dir, "postgres"), []string{f.data(), f.run}, func(names []string) []string {
		all["unix_socket_directories"] = names[1]
		args := []string{"-D", names[0]}
		for _, key := range slices.Sorted(maps.Keys(all)) {
			args = append(args, "-c", key+"="+all[key])
		}
		return args
	})
	if err != nil {
		return nil, err
	}
	// The kernel asks postgres to stop (SIGINT: "fast") when the server dies.
	cmd.SysProcAttr.Pdeathsig = syscall.SIGINT
	read, write, err := os.Pipe()
	if err != nil {
		closeAll(cmd.ExtraFiles)
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = write, write
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// That signal is tied to the thread that started the process, so the
		// thread has to last as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		_ = write.Close()
		closeAll(cmd.ExtraFiles)
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in cmd.ProcessState
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		_ = read.Close()
		return nil, err
	}
	go p.readLog(read, logger)
	return p, nil
}

// readLog turns what postgres writes into log records. It ends with the last
// process that holds the pipe.
func (p *process) readLog(r io.ReadCloser, logger *slog.Logger) {
	defer func() { _ = r.Close() }()
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 0, 4096), 1<<20)
	for scanner.Scan() {
		p.record(scanner.Text(), logger)
	}
	_, _ = io.Copy(io.Discard, r) // past a line that is too long, so that postgres never blocks
}

var logPattern = regexp.MustCompile(`^(?:([a-z ]+): )?([A-Z]+\d?):  (.*)$`)

func (p *process) record(line string, logger *slog.Logger) {
	who, level, text := "", "LOG", line
	if m := logPattern.FindStringSubmatch(line); m != nil {
		who, level, text = m[1], m[2], m[3]
	}
	attrs := []any{"severity", level, "by", who}
	switch {
	// A connection that is refused or cut is an error of the client's, which
	// hears of it itself: every start and stop has some.
	case who == "client backend":
		logger.Debug("postgres: "+text, attrs...)
	case level == "FATAL" || level == "PANIC":
		p.mu.Lock()
		p.last = text
		p.mu.Unlock()
		logger.Warn("postgres: "+text, attrs...)
	case level == "WARNING" || level == "ERROR":
		logger.Warn("postgres: "+text, attrs...)
	default:
		logger.Debug("postgres: "+text, attrs...)
	}
}

// reason says why it ended, in its own last words if it had any.
func (p *process) reason() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last != "" {
		return p.last
	}
	if p.cmd.ProcessState != nil {
		return p.cmd.ProcessState.String()
	}
	return "it ended"
}

func (p *process) signal(s syscall.Signal) {
	_ = p.cmd.Process.Signal(s) // it may have ended already
}
