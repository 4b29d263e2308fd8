package models

import (
	"path"
	"regexp"
	"strings"
	"time"
)

// Volume is storage of an app that outlives its instances and releases. The
// process that has it runs as one instance, and its old instance stops before
// the new one starts: two writers would spoil it.
type Volume struct {
	ID        string `gorm:"primaryKey"`
	AppID     string
	Process   string
	Name      string
	Path      string // where the instance sees it
	CreatedAt time.Time
	RemovedAt *time.Time // somebody gave it up; it goes once no instance uses it. nil for all others
}

var volumeName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// CheckVolume says what is wrong with a volume's name and path.
func CheckVolume(name, at string) error {
	switch {
	case len(name) > 30 || !volumeName.MatchString(name):
		return Invalid("name", "volume name %q: use up to 30 lower-case letters, digits and single hyphens, starting with a letter", shorten(name))
	case !strings.HasPrefix(at, "/") || path.Clean(at) != at || len(at) > 200 || strings.ContainsAny(at, ":,\x00\n"):
		return Invalid("path", "volume path %q: give an absolute path without . or .., at most 200 characters", shorten(at))
	}
	for _, root := range reservedPaths {
		if at == root || strings.HasPrefix(at, root+"/") {
			return Invalid("path", "volume path %q: %s is the system's own", shorten(at), root)
		}
	}
	if at == "/" {
		return Invalid("path", "volume path /: it would hide the whole image; give a folder in it")
	}
	return nil
}

// reservedPaths are what the engine and the kernel put into an instance.
var reservedPaths = []string{"/proc", "/sys", "/dev", "/etc", "/tmp", "/run"}
