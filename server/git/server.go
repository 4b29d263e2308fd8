// Package git is the git door: smart HTTP at /<app>.git. It authenticates,
// finds or makes the app, and lets the git binary speak the protocol. What a
// push deploys is decided while git waits in its pre-receive hook: the hook
// asks this server over a unix socket, the server writes the deployment down
// and follows it, and git moves the branch only if the deployment succeeded.
//
// A pusher who leaves after the deployment is written down does not stop it:
// the deployment goes on, the branch stays where it was, and the same push can
// be made again. When the server itself goes away the branch follows at its next
// start. Pushes that deploy to one app go one after the other.
package git

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// Options are what a Server is made of. All are needed but those that say
// otherwise.
type Options struct {
	DataDir     string // repositories, hooks and the hook's socket are in it
	HookBinary  []byte // the program cmd/slipway-hook, for this machine
	MaxPushMB   int    // a push's packed size in MiB
	Auth        Authenticator
	Apps        Apps
	Sources     Sources
	Deployments Deployments
	Logs        Logs
	URL         string                       // how people reach the dashboard, without a slash at its end
	AppURL      func(app *models.App) string // where an app answers
	RemoteIP    func(r *http.Request) string // who asks; nil for the connection's peer
	Logger      *slog.Logger
}

// Server is the git door. It is safe for concurrent use.
type Server struct {
	Options

	repos    Repositories
	git      string // path of the git binary
	config   string // path of git's only configuration file
	home     string // an empty folder
	listener net.Listener
	cleanup  func()
	slots    chan struct{} // one per running git
	lines    lines         // pushes that wait for others
	packing  packing
	cutOff   []string // what is kept of pushes that were cut off before this server began

	mu       sync.Mutex
	pushes   map[string]*push // by secret name
	stopping chan struct{}
	stopOnce sync.Once
	talks    sync.WaitGroup // conversations with hooks
}

// maxRunning bounds the git processes that run at once.
const maxRunning = 64

// New prepares the data folder and listens for hooks. Close frees it. It is an
// error when git is missing or too old, or the folder cannot be written.
func New(o Options) (*Server, error) {
	path, err := exec.LookPath("git")
	if err != nil {
		return nil, errors.New("the git program is not installed; Slipway needs git 2.32 or newer")
	}
	s := &Server{
		Options: o, repos: Repositories{DataDir: o.DataDir}, git: path,
		slots: make(chan struct{}, maxRunning), pushes: map[string]*push{}, stopping: make(chan struct{}),
		packing: packing{news: make(chan struct{}, 1)},
	}
	if err := s.checkVersion(); err != nil {
		return nil, err
	}
	if err := s.prepare(); err != nil {
		return nil, fmt.Errorf("preparing git: %w", err)
	}
	s.cutOff = s.repos.cutOff()
	s.HookBinary = nil // it is on disk now
	if s.listener, s.cleanup, err = listen(o.DataDir); err != nil {
		return nil, fmt.Errorf("listening for git hooks: %w", err)
	}
	return s, nil
}

// Serve answers hooks until ctx ends. Pushes that follow a deployment then are
// told that the deployment goes on without them. It packs repositories that were
// pushed to. Serve returns when every hook has its answer; call it once.
func (s *Server) Serve(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		s.stopOnce.Do(func() { close(s.stopping) })
		_ = s.listener.Close()
	})
	defer stop()
	defer s.cleanup()
	defer s.talks.Wait()
	packing, stopPacking := context.WithCancel(ctx)
	defer stopPacking()
	s.talks.Go(func() { s.pack(packing) })
	s.talks.Go(func() { s.recover(packing, s.cutOff) })
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			s.Logger.Error("a git hook could not be answered", "error", err)
			time.Sleep(50 * time.Millisecond) // out of file descriptors, most likely: asking again at once would only burn the processor
			continue
		}
		s.talks.Go(func() { s.answer(conn) })
	}
}

// ServeHTTP answers /<app>.git/….
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	app, service, ok := route(r)
	if !ok {
		refuse(w, http.StatusNotFound, "Slipway speaks git's smart HTTP protocol here: git clone "+s.URL+"/<app>.git")
		return
	}
	actor, err := s.authenticate(r)
	if err != nil {
		s.refuseError(w, err)
		return
	}
	switch {
	case r.Method == http.MethodGet && service == uploadPack:
		s.advertiseFetch(w, r, actor, app)
	case r.Method == http.MethodGet:
		s.advertisePush(w, r, actor, app)
	case service == uploadPack:
		s.fetch(w, r, actor, app)
	default:
		s.push(w, r, actor, app)
	}
}
