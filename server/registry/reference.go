package registry

import (
	"regexp"
	"strings"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"

	"github.com/slipway-paas/slipway/models"
)

// External is a registry that somebody else runs.
type External struct {
	Address  string // host[:port], and a path below which all images go: registry.example.com/team
	Username string
	Password string // never logged
}

// appName is what an app may be called in a repository's name: its ID, or its
// name.
var appName = regexp.MustCompile(`^[a-z0-9]+(-+[a-z0-9]+)*$`)

// repository names an app's images, without the registry's address.
func (s *Service) repository(app string) (string, error) {
	if !appName.MatchString(app) || len(app) > 100 {
		return "", models.Invalid("app", "%q cannot name a repository", app)
	}
	return s.o.Installation + "/" + app, nil
}

// externalName names an app's images in the external registry. Registries with
// accounts have but one level below them.
func (s *Service) externalName(repository string) string {
	if strings.Contains(s.o.External.Address, "/") {
		repository = strings.Replace(repository, "/", "-", 1)
	}
	return s.o.External.Address + "/" + repository
}

// tagOf gives the tag of an image in its repository. It follows from the ID, so
// that one can ask whether the registry has the image before it is pushed.
func tagOf(imageID string) string {
	return strings.TrimPrefix(imageID, "sha256:")
}

// split takes a reference host/path@digest apart. What is none gives ok false.
func split(ref string) (host, path string, content digest.Digest, ok bool) {
	parsed, err := reference.Parse(ref)
	if err != nil {
		return "", "", "", false
	}
	pinned, ok := parsed.(reference.Canonical)
	if !ok {
		return "", "", "", false
	}
	host, path = reference.Domain(pinned), reference.Path(pinned)
	return host, path, pinned.Digest(), host != "" && path != ""
}
