package buildkit

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/filesync"
	"github.com/moby/buildkit/session/secrets/secretsprovider"

	"github.com/slipway-paas/slipway/builder"
)

// dockerfileName is what the Dockerfile is called within a session, whatever
// its name in the source.
const dockerfileName = "Dockerfile"

// buildSession is the connection over which the engine asks for the files and
// the secrets of one build.
type buildSession struct {
	sess   *session.Session
	root   *os.Root
	cancel context.CancelFunc
	ended  chan struct{}
}

// openSession starts serving a job's files. The files of the context are
// opened beneath their root, so a symlink in a source leads nowhere else.
func (s *Solver) openSession(ctx context.Context, job Job) (*buildSession, error) {
	root, err := os.OpenRoot(job.ContextDir)
	if err != nil {
		return nil, fmt.Errorf("open the source: %w", err)
	}
	dirs, err := sharedDirs(root, job)
	if err != nil {
		_ = root.Close()
		return nil, err
	}
	// The session outlives ctx for as long as the engine takes to stop.
	runCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	sess, err := session.NewSession(runCtx, job.CacheKey)
	if err != nil {
		cancel()
		_ = root.Close()
		return nil, fmt.Errorf("make a build session: %w", err)
	}
	sess.Allow(filesync.NewFSSyncProvider(dirs))
	sess.Allow(secretsprovider.FromMap(job.Secrets))

	bs := &buildSession{sess: sess, root: root, cancel: cancel, ended: make(chan struct{})}
	dialed := make(chan error, 1)
	go func() {
		defer close(bs.ended)
		err := sess.Run(runCtx, func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			conn, err := s.engine.DialHijack(ctx, "/session", proto, meta)
			dialed <- err
			return conn, err
		})
		if err != nil {
			s.log.Debug("build session ended", "err", err)
		}
	}()
	select {
	case err = <-dialed:
	case <-ctx.Done():
		// An engine that accepts and never answers cannot be hung up on: the
		// rest waits for it without us.
		go bs.close()
		return nil, ctx.Err()
	}
	if err != nil {
		bs.close()
		return nil, fmt.Errorf("%w: %w", builder.ErrUnavailable, err)
	}
	return bs, nil
}

func (b *buildSession) id() string { return b.sess.ID() }

func (b *buildSession) close() {
	_ = b.sess.Close()
	b.cancel()
	<-b.ended
	_ = b.root.Close()
}

func frontendAttrs(job Job) map[string]string {
	attrs := map[string]string{"filename": dockerfileName}
	if job.CacheKey != "" {
		attrs["build-arg:BUILDKIT_CACHE_MOUNT_NS"] = job.CacheKey
	}
	for name, value := range job.BuildArgs {
		attrs["build-arg:"+name] = value
	}
	for name, value := range job.Labels {
		attrs["label:"+name] = value
	}
	return attrs
}
