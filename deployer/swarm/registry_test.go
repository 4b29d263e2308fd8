//go:build swarm

package swarm_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory" // which handlers finds by its name
	"github.com/sirupsen/logrus"
)

// registry is a registry in memory that all nodes reach. With a password it
// lets nobody else in.
type registry struct {
	host    string
	server  *http.Server
	noBlobs atomic.Bool
}

func newRegistry(on, username, password string) (*registry, error) {
	logrus.SetOutput(io.Discard) // the library tells of each request
	config := &configuration.Configuration{Storage: configuration.Storage{"inmemory": nil}}
	config.Log.AccessLog.Disabled = true
	config.HTTP.Secret = "not for anything that lasts"
	var handler http.Handler = handlers.NewApp(context.Background(), config)
	if password != "" {
		open := handler
		handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if user, given, _ := r.BasicAuth(); user != username || given != password {
				w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
				http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`, http.StatusUnauthorized)
				return
			}
			open.ServeHTTP(w, r)
		})
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(on, "0"))
	if err != nil {
		return nil, err
	}
	r := &registry{host: listener.Addr().String()}
	r.server = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if r.noBlobs.Load() && strings.Contains(q.URL.Path, "/blobs/") && !strings.HasPrefix(q.RemoteAddr, firstNode+":") {
			http.Error(w, `{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown to registry"}]}`, http.StatusNotFound)
			return
		}
		handler.ServeHTTP(w, q)
	})}
	go func() { _ = r.server.Serve(listener) }() // ends when closed
	return r, nil
}

// firstNode asks for manifests only; the others pull.
const firstNode = "10.77.0.11"

// refuseBlobs is a registry that has lost what its manifests name, to all but
// the manager that asks whether it knows the image.
func (r *registry) refuseBlobs() { r.noBlobs.Store(true) }

func (r *registry) close() { _ = r.server.Close() } // a test is over: nobody waits
