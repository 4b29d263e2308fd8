package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// advertiseFetch answers the first request of a fetch or clone: what there is.
func (s *Server) advertiseFetch(w http.ResponseWriter, r *http.Request, actor models.Actor, name string) {
	repository, err := s.readable(r.Context(), actor, name)
	if err != nil {
		s.refuseError(w, err)
		return
	}
	s.advertise(w, r, uploadPack, repository)
}

// fetch answers the further requests of a fetch or clone.
func (s *Server) fetch(w http.ResponseWriter, r *http.Request, actor models.Actor, name string) {
	repository, err := s.readable(r.Context(), actor, name)
	if err != nil {
		s.refuseError(w, err)
		return
	}
	in, err := body(w, r, maxFetchRequest)
	if err != nil {
		s.refuseError(w, err)
		return
	}
	s.stream(w, r, uploadPack, in, nil, "upload-pack", "--stateless-rpc", "--strict", "--timeout=120", "--", repository)
}

// readable gives the repository that the actor reads of an app: an empty one
// when nobody has pushed to it yet.
func (s *Server) readable(ctx context.Context, actor models.Actor, name string) (string, error) {
	if err := actor.Require(models.ScopeRead); err != nil {
		return "", err
	}
	app, err := s.Apps.Find(ctx, actor, name)
	if err != nil {
		return "", err
	}
	if !s.repos.Has(app.ID) {
		return s.empty(), nil
	}
	return s.repos.Path(app.ID), nil
}

// advertise writes what a repository holds, as the protocol's first answer.
func (s *Server) advertise(w http.ResponseWriter, r *http.Request, service, repository string) {
	command, ok := map[string]string{uploadPack: "upload-pack", receivePack: "receive-pack"}[service]
	if !ok {
		s.refuseError(w, models.NotFound("service", service))
		return
	}
	out, err := s.run(r.Context(), protocol(r), command, "--stateless-rpc", "--advertise-refs", "--", repository)
	if err != nil {
		s.refuseError(w, fmt.Errorf("advertising refs: %w", err))
		return
	}
	header(w, "application/x-"+service+"-advertisement")
	if service == receivePack || !v2.MatchString(r.Header.Get("Git-Protocol")) {
		announcement := "# service=" + service + "\n"
		// git's framing: a length in four hex digits that counts itself, the
		// text, and four zeros for the end of the section.
		_, _ = fmt.Fprintf(w, "%04x%s0000", len(announcement)+4, announcement)
	}
	_, _ = w.Write(out)
}

// stream runs a git service between the client's request and the answer to it.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, service string, in io.Reader, env []string, args ...string) {
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	control := http.NewResponseController(w)
	// HTTP/2 is full duplex as it is, and says that it cannot be switched on.
	_ = control.EnableFullDuplex()
	// A deployment may take longer than any request's usual deadline.
	_ = control.SetWriteDeadline(time.Time{})
	header(w, "application/x-"+service+"-result")
	out := &live{w: w, control: control, failed: cancel}
	if err := s.service(ctx, append(protocol(r), env...), in, out, args...); err != nil {
		if models.KindOf(err) == models.KindUnavailable {
			s.refuseError(w, err)
		} else {
			// The status is sent already; the client saw git's own words.
			s.Logger.Info("a git command ended early", "service", service, "error", err)
		}
	}
	finish(w, r)
}

// maxRest bounds what is read of a request that nobody wants any more, in bytes.
const maxRest = 64 << 20

// finish reads what is left of a request's body, because net/http does not take
// the next request of a full-duplex connection well while there is any. A
// client that has far too much to say, or has broken off, loses the connection.
func finish(w http.ResponseWriter, r *http.Request) {
	rest := &patient{body: r.Body, control: http.NewResponseController(w)}
	if _, err := io.CopyN(io.Discard, rest, maxRest); !errors.Is(err, io.EOF) {
		panic(http.ErrAbortHandler)
	}
}

var (
	v2        = regexp.MustCompile(`(^|:)version=2(:|$)`)
	protocols = regexp.MustCompile(`^[a-z0-9=:._-]{1,100}$`)
)

// protocol passes on which version of git's protocol the client speaks.
func protocol(r *http.Request) []string {
	if asked := r.Header.Get("Git-Protocol"); protocols.MatchString(asked) {
		return []string{"GIT_PROTOCOL=" + asked}
	}
	return nil
}

func header(w http.ResponseWriter, contentType string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-cache, max-age=0, must-revalidate")
	w.Header().Set("X-Content-Type-Options", "nosniff")
}
