package registry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/sirupsen/logrus"
)

// redirectLogs makes the registry's library, which writes to a logger of the
// whole process, write to ours.
func redirectLogs(log *slog.Logger) {
	std := logrus.StandardLogger()
	std.SetOutput(io.Discard)
	std.SetLevel(logrus.WarnLevel)
	hooks := logrus.LevelHooks{}
	hooks.Add(logHook{log})
	std.ReplaceHooks(hooks)
}

type logHook struct{ log *slog.Logger }

func (logHook) Levels() []logrus.Level {
	return []logrus.Level{logrus.PanicLevel, logrus.FatalLevel, logrus.ErrorLevel, logrus.WarnLevel}
}

// Fire passes an entry on. What the library calls an error is often a client's:
// each push asks for layers that are not there yet, and one that is cancelled
// leaves in the middle.
func (h logHook) Fire(entry *logrus.Entry) error {
	level := slog.LevelDebug
	status, answered := entry.Data["http.response.status"].(int)
	left := strings.Contains(entry.Message+fmt.Sprint(entry.Data["err.detail"]), "client disconnected")
	if entry.Level <= logrus.ErrorLevel && !left && (!answered || status >= http.StatusInternalServerError) {
		level = slog.LevelError
	}
	attributes := []slog.Attr{slog.String("said", entry.Message)}
	for field, key := range map[string]string{"vars.name": "repository", "err.message": "error", "err.detail": "detail"} {
		if value := entry.Data[field]; value != nil {
			attributes = append(attributes, slog.String(key, fmt.Sprint(value)))
		}
	}
	h.log.LogAttrs(context.Background(), level, "registry", attributes...)
	return nil
}
