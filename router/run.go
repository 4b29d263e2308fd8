package router

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"
)

const (
	headerTimeout  = 10 * time.Second // for a whole request header, against clients that trickle it
	idleTimeout    = 2 * time.Minute  // for a connection between two requests
	maxHeaderBytes = 64 << 10
	// lameDuck is how long a stopping router keeps idle connections that a
	// client may be using this very moment, to answer once more and close.
	lameDuck = time.Second
)

// ListeningMessage is what a router logs when it takes requests.
const ListeningMessage = "router listening"

// Run serves until ctx ends, then stops taking connections, lets requests in
// flight finish for up to cfg.Drain, and returns nil. It returns an error when
// it cannot start or a listener fails. The last table it had is in force
// before the first connection is taken. A router that runs with the same data
// folder hands its listeners over, so that no connection is refused or lost
// when one replaces the other; one with another folder can listen on the same
// port.
//
// HTTPS is served from the first moment on when cfg.HTTPS is set: names
// without a certificate get a self-signed one that is made in memory. Clear
// text is never redirected to HTTPS.
func Run(ctx context.Context, cfg Config, log *slog.Logger) error {
	if err := cfg.settle(); err != nil {
		return err
	}
	certDir := filepath.Join(cfg.Data, "certs")
	if err := os.MkdirAll(certDir, 0o700); err != nil {
		return fmt.Errorf("make the router's data folder: %w", err)
	}
	r := &instance{cfg: cfg, log: log, first: make(chan struct{}), store: newStore(), access: newAccessLog()}
	r.proxy = newProxy(r.store, r.access, cfg)
	r.proxy.token = cfg.token
	r.cache = &cache{file: filepath.Join(cfg.Data, "table.json"), store: r.store, log: log}
	if err := r.cache.load(); err != nil {
		log.Error("starting without a table", "err", err)
	}
	var err error
	if r.certs, err = newCertificates(certDir, log); err != nil {
		return err
	}
	debug.FreeOSMemory() // reading the table leaves much that is not needed again
	return r.run(ctx)
}

// instance is one running router.
type instance struct {
	cfg    Config
	log    *slog.Logger
	store  *store
	access *accessLog
	proxy  *proxy
	cache  *cache
	certs  *certificates

	front *front
	first chan struct{} // closed when the server's first table is in force
}

func (r *instance) run(ctx context.Context) error {
	doors, inherited, err := r.listen(ctx)
	if err != nil {
		return err
	}
	// The requests outlive ctx while they drain, and so does the subscription:
	// the server goes on asking what is in flight here.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	r.front = newFront(life, r.proxy, r.log)
	stopped := r.background(life)
	if inherited {
		r.awaitTable(ctx)
	}
	r.announce(doors, inherited)
	successors, err := newHandover(r.cfg.Data, doors)
	if err != nil {
		r.log.Warn("a successor will have to listen by itself", "err", err)
	} else {
		go successors.run()
		defer successors.close()
	}

	failed := make(chan error, len(doors))
	for _, open := range doors {
		go func() { failed <- r.front.serve(open.Listener, open.secure) }()
	}
	select {
	case err = <-failed:
		err = fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		err = nil
	}
	r.stop(doors)
	end()
	stopped()
	return err
}

// door is a listener, with TLS or without.
type door struct {
	net.Listener
	configured string      // its address, as the configuration has it
	secure     *tls.Config // nil without
}

// listen takes over the listeners of a router that runs with the same data
// folder, and opens what that one does not have.
func (r *instance) listen(ctx context.Context) (all []door, inherited bool, err error) {
	given, err := inherit(ctx, r.cfg.Data)
	if err != nil {
		r.log.Warn("the router before this one did not hand over its listeners", "err", err)
	}
	defer func() {
		for _, unused := range given {
			_ = unused.Close()
		}
	}()
	for i, at := range []string{r.cfg.HTTP, r.cfg.HTTPS} {
		if at == "" {
			continue
		}
		listener, ok := given[at]
		delete(given, at)
		if inherited = inherited || ok; !ok {
			if listener, err = listenShared(ctx, at); err != nil {
				for _, open := range all {
					_ = open.Close()
				}
				return nil, false, fmt.Errorf("listen on %s: %w", at, err)
			}
		}
		open := door{Listener: listener, configured: at}
		if i == 1 {
			open.secure = &tls.Config{
				GetCertificate: r.certs.get,
				MinVersion:     tls.VersionTLS12,
				NextProtos:     []string{"h2", "http/1.1"},
			}
		}
		all = append(all, open)
	}
	return all, inherited, nil
}

// awaitTable waits for the server's table, for a while: the one on disk may be
// older than the one that this router's predecessor is serving from.
func (r *instance) awaitTable(ctx context.Context) {
	timer := time.NewTimer(firstTable)
	defer timer.Stop()
	select {
	case <-r.first:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// announce says that requests are taken from now on. Whoever replaces a router
// waits for this line in its log.
func (r *instance) announce(doors []door, inherited bool) {
	addresses := [2]string{}
	for _, open := range doors {
		if open.secure == nil {
			addresses[0] = open.Addr().String()
		} else {
			addresses[1] = open.Addr().String()
		}
	}
	r.log.Info(ListeningMessage, "http", addresses[0], "https", addresses[1], "id", r.cfg.ID, "version", r.store.index.Load().version, "inherited", inherited)
	if r.cfg.Listening != nil {
		r.cfg.Listening(addresses[0], addresses[1])
	}
}

// background starts what runs beside the listeners. The function it gives
// waits for all of it to end, which ending life brings about, and saves what
// is left to save.
func (r *instance) background(life context.Context) (wait func()) {
	srv := newServer(r.cfg)
	figures := newMeter(r.store)
	reports := &reporter{server: srv, store: r.store, access: r.access, meter: figures, log: r.log, acks: make(chan struct{}, 1)}
	table := &subscription{
		server: srv, store: r.store, log: r.log, silence: silenceLimit,
		applied: func() { notify(reports.acks) }, first: sync.OnceFunc(func() { close(r.first) }),
	}
	var group sync.WaitGroup
	for _, run := range []func(context.Context){table.run, reports.run, figures.run, r.cache.run, r.certs.watch, r.front.run} {
		group.Go(func() { run(life) })
	}
	return func() {
		group.Wait()
		last, cancel := context.WithTimeout(context.WithoutCancel(life), 2*time.Second)
		defer cancel()
		reports.leaving = true
		if err := reports.send(last); err != nil {
			r.log.Warn("the last report was not accepted", "err", err)
		}
	}
}

// stop closes the listeners first, so that a successor gets every new
// connection, and then lets the requests in flight and the upgraded
// connections end by themselves while there is time.
func (r *instance) stop(doors []door) {
	r.log.Info("router stopping", "in_flight", r.proxy.active.Load(), "drain", r.cfg.Drain)
	deadline := time.Now().Add(r.cfg.Drain)
	for _, listener := range doors {
		_ = listener.Close()
	}
	r.proxy.drain()
	r.awaitClients(min(lameDuck, r.cfg.Drain))
	r.front.closeIdle()
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	err := r.front.web.Shutdown(ctx)
	for err == nil && r.proxy.active.Load() > 0 {
		select {
		case <-r.proxy.idle:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		r.log.Warn("requests were cut off at the end of the drain", "in_flight", r.proxy.active.Load())
	}
	// Answered requests may be on their way out still.
	r.awaitClients(min(time.Until(deadline), lingering+tick))
}

// awaitClients waits until no connection is left, or the time is over: nothing
// tells whether a client is about to use its idle connection.
func (r *instance) awaitClients(most time.Duration) {
	if most <= 0 {
		return
	}
	over := time.NewTimer(most)
	defer over.Stop()
	for r.front.open() > 0 {
		select {
		case <-over.C:
			return
		case <-r.front.gone:
		}
	}
}
