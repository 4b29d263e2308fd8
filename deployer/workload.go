package deployer

import (
	"fmt"
	"strings"
	"time"
)

// Defaults for what a Health leaves open.
const (
	DefaultHealthTimeout = 60 * time.Second
	DefaultSettle        = time.Second
)

// WithDefaults gives the health settings with every open one filled in.
func (h Health) WithDefaults() Health {
	if h.Timeout <= 0 {
		h.Timeout = DefaultHealthTimeout
	}
	if h.Settle <= 0 {
		h.Settle = DefaultSettle
	}
	return h
}

// String gives the ID as "app/process/release".
func (id WorkloadID) String() string {
	return fmt.Sprintf("%s/%s/%d", id.App, id.Process, id.Release)
}

// Check says what is wrong with an ID: an empty part would match the instances
// of other workloads.
func (id WorkloadID) Check() error {
	if id.App == "" || id.Process == "" || id.Release <= 0 {
		return fmt.Errorf("workload %q: it needs an app, a process and a release above 0", id)
	}
	if strings.ContainsAny(id.App+id.Process, "/ \x00") {
		return fmt.Errorf("workload %q: no slashes, spaces or NUL bytes in its parts", id)
	}
	return nil
}

// Check says what is wrong with a workload, before any engine is asked. Its
// errors name environment variables and never show their values.
func (w Workload) Check() error {
	if err := w.ID.Check(); err != nil {
		return err
	}
	switch {
	case w.AppName == "":
		return fmt.Errorf("workload %s: it needs the app's name", w.ID)
	case w.Image == "":
		return fmt.Errorf("workload %s: it needs an image", w.ID)
	case w.Instances < 0:
		return fmt.Errorf("workload %s: %d instances cannot be", w.ID, w.Instances)
	case w.Port < 0 || w.Port > 65535:
		return fmt.Errorf("workload %s: port %d is not between 1 and 65535", w.ID, w.Port)
	case w.Health.Path != "" && !strings.HasPrefix(w.Health.Path, "/"):
		return fmt.Errorf("workload %s: health path %q does not start with a slash", w.ID, w.Health.Path)
	case w.Limits.MemoryBytes < 0 || w.Limits.CPUMilli < 0 || w.Limits.PIDs < 0:
		return fmt.Errorf("workload %s: a limit cannot be negative", w.ID)
	case len(w.Volumes) > 0 && w.Instances > 1:
		return fmt.Errorf("workload %s: %d instances cannot share a volume", w.ID, w.Instances)
	}
	for _, v := range w.Volumes {
		if v.Name == "" || !strings.HasPrefix(v.Path, "/") || strings.ContainsAny(v.Name+v.Path, ":,\x00") {
			return fmt.Errorf("workload %s: volume %q at %q: it needs a name and an absolute path", w.ID, v.Name, v.Path)
		}
	}
	for key, value := range w.Env {
		if key == "" || strings.ContainsAny(key, "=\x00") {
			return fmt.Errorf("workload %s: %q cannot be the name of an environment variable", w.ID, key)
		}
		if strings.ContainsRune(value, 0) {
			return fmt.Errorf("workload %s: the value of %s contains a NUL byte", w.ID, key)
		}
	}
	return nil
}

// InstanceName is what people call an instance: hello.web.v3.1.
func InstanceName(appName string, id WorkloadID, index int) string {
	return fmt.Sprintf("%s.%s.v%d.%d", appName, id.Process, id.Release, index)
}

// Seconds writes a duration the way the messages for people do: "60 s",
// "0.4 s".
func Seconds(d time.Duration) string {
	s := fmt.Sprintf("%.1f", d.Seconds())
	if d < 100*time.Millisecond {
		s = fmt.Sprintf("%.3f", d.Seconds())
	}
	return strings.TrimSuffix(s, ".0") + " s"
}
