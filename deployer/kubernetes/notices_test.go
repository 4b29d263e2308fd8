//go:build kubernetes

package kubernetes

import (
	"context"
	"os"
	"testing"
	"time"
)

// TestNoticesAreQuiet: where nothing changes there is nothing to tell, and the
// API server is not asked again and again.
func TestNoticesAreQuiet(t *testing.T) {
	t.Parallel()
	c, err := New(Options{KubeconfigFile: os.Getenv("SLIPWAY_TEST_KUBERNETES"), Installation: "quiet"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // nothing tells that nothing happens
	defer cancel()
	told := 0
	notices := c.notices(ctx, c.ours(kindInstance, ""), pods.in("default"), deployments.in("default"))
	for ctx.Err() == nil {
		select {
		case <-notices:
			told++
		case <-ctx.Done():
		}
	}
	if told < 1 || told > 3 { // one at the begin, and one when each watch stands
		t.Errorf("there were %d notices", told)
	}
}
