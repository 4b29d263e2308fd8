package kubernetes

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-paas/slipway/deployer"
)

// notices tells that something may have changed among some objects, until ctx
// ends. It never tells too little: whoever looks again after each notice has
// seen everything. It begins with one.
func (c *Cluster) notices(ctx context.Context, selector string, paths ...string) <-chan struct{} {
	told := make(chan struct{}, 1)
	tell := func() {
		select {
		case told <- struct{}{}:
		default: // one is waiting already
		}
	}
	tell()
	for _, path := range paths {
		go c.tellOf(ctx, path, selector, tell)
	}
	return told
}

// tellOf tells of the objects at one path. It watches from the version of a
// listing on, which every server can.
func (c *Cluster) tellOf(ctx context.Context, path, selector string, tell func()) {
	var backoff deployer.Backoff
	for ctx.Err() == nil {
		if told := c.tellUntilBroken(ctx, path, selector, tell); told {
			backoff = deployer.Backoff{}
		}
		pause(ctx, 10*backoff.Next()) // up to a second, for a server that is away
		tell()                        // whoever looks sees what is wrong
	}
}

// tellUntilBroken says whether there was anything to tell.
func (c *Cluster) tellUntilBroken(ctx context.Context, path, selector string, tell func()) (told bool) {
	var now metav1.PartialObjectMetadataList
	request := c.api.rest.Get().AbsPath(path).Param("labelSelector", selector).Param("limit", "1")
	if err := c.api.do(ctx, request, &now); err != nil {
		return false
	}
	stream, err := c.api.watch(ctx, path, selector, now.ResourceVersion)
	if err != nil {
		return false
	}
	defer stream.close()
	tell() // what changed until now may have been missed
	for {
		seen, err := stream.next()
		if err != nil || seen.Type == watchFailed {
			return told
		}
		if seen.Type != watchBookmark {
			told = true
			tell()
		}
	}
}

// pause waits, but no longer than ctx lasts.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// lookAgain is how often is looked again without a notice: for what time alone
// changes, such as how long something has been failing.
const lookAgain = 2 * time.Second

// until looks again after each notice, until done says that it is.
func (c *Cluster) until(ctx context.Context, selector string, done func(context.Context) (bool, error), paths ...string) error {
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	told := c.notices(watching, selector, paths...)
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		select {
		case <-told:
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if ok, err := done(ctx); ok || err != nil {
			return err
		}
	}
}
