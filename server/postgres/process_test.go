package postgres

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestLogLevels(t *testing.T) {
	for line, want := range map[string]string{
		"postmaster: LOG:  database system is ready to accept connections": "level=DEBUG",
		"client backend: FATAL:  the database system is starting up":       "level=DEBUG",
		"client backend: ERROR:  relation does not exist":                  "level=DEBUG",
		"startup: PANIC:  could not locate a valid checkpoint record":      "level=WARN",
		"FATAL:  data directory has invalid permissions":                   "level=WARN",
		"checkpointer: WARNING:  something is odd":                         "level=WARN",
		"not a log line at all":                                            "level=DEBUG",
	} {
		var out bytes.Buffer
		p := &process{}
		p.record(line, slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is logged as %s, want %s", line, out.String(), want)
		}
		if fatal := strings.Contains(line, "PANIC") || strings.HasPrefix(line, "FATAL"); fatal != (p.last != "") {
			t.Errorf("%q: the reason to end is %q", line, p.last)
		}
	}
}

func TestChoose(t *testing.T) {
	installed := []Binaries{{"/new", 17}, {"/old", 15}}
	if b, err := choose(installed, t.TempDir()); err != nil || b.Major != 17 {
		t.Errorf("for new data: %v, %v, want the newest", b, err)
	}
	if _, err := choose(nil, t.TempDir()); err == nil || !strings.Contains(err.Error(), "postgresql") {
		t.Errorf("with nothing installed: %v, want the package named", err)
	}
}
