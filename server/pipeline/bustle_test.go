package pipeline

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestBustleSubsides(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b bustle
		waits := func(ctx context.Context) time.Duration {
			began := time.Now()
			b.subsides(ctx)
			return time.Since(began)
		}
		if took := waits(t.Context()); took != 0 {
			t.Errorf("with nothing under way it took %s", took)
		}
		one, other := b.begin(), b.begin()
		time.AfterFunc(time.Second, one)
		time.AfterFunc(2*time.Second, other)
		if took := waits(t.Context()); took != 2*time.Second {
			t.Errorf("until both had ended it took %s", took)
		}
		end := b.begin()
		if took := waits(t.Context()); took != courtesy {
			t.Errorf("with one that goes on it took %s", took)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if took := waits(ctx); took != time.Second {
			t.Errorf("with a context that ended it took %s", took)
		}
		end()
		if took := waits(t.Context()); took != 0 {
			t.Errorf("after all had ended it took %s", took)
		}
	})
}
