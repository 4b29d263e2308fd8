//go:build swarm

package swarm_test

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory" // which handlers finds by its name
)

// registry is a registry in memory that all nodes reach. With a password it
// lets nobody else in.
type registry struct {
	host   string
	server *http.Server
}

func newRegistry(on, username, password string) (*registry, error) {
	config := &configuration.Configuration{Storage: configuration.Storage{"inmemory": nil}}
	config.Log.Level = "panic"
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
	r := &registry{host: listener.Addr().String(), server: &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}}
	go func() { _ = r.server.Serve(listener) }() // ends when closed
	return r, nil
}

func (r *registry) close() { _ = r.server.Close() } // a test is over: nobody waits
