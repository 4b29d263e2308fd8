package kubernetes

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"

	"k8s.io/apimachinery/pkg/version"
	"k8s.io/klog/v2"
)

// oldestMinor is the oldest Kubernetes, 1.30, whose API has all that the driver
// asks for, and says so of it: selectable fields and the admission of Pod
// Security as they are used here.
const oldestMinor = 30

// leadingDigits begin a minor version, which some providers follow with a plus.
var leadingDigits = regexp.MustCompile(`^\d+`)

// checkVersion refuses a cluster that is too old. It asks until one was not.
func (c *Cluster) checkVersion(ctx context.Context) error {
	if c.current.Load() {
		return nil
	}
	var found version.Info
	if err := c.api.get(ctx, "/version", &found); err != nil {
		return fail(ctx, "ask for the cluster's version", err)
	}
	if err := newEnough(found); err != nil {
		return err
	}
	c.current.Store(true)
	return nil
}

func newEnough(found version.Info) error {
	major, _ := strconv.Atoi(leadingDigits.FindString(found.Major)) // 0 for none
	minor, _ := strconv.Atoi(leadingDigits.FindString(found.Minor))
	if major > 1 || major == 1 && minor >= oldestMinor {
		return nil
	}
	return fmt.Errorf("this is Kubernetes %s: 1.%d or newer is needed", quote(found.GitVersion), oldestMinor)
}

// LogTo has the libraries that speak to clusters write what they have to say by
// themselves to a logger, and not to standard error. It is for the whole
// process: call it before the first Cluster is made.
func LogTo(logger *slog.Logger) { klog.SetSlogLogger(logger) }
