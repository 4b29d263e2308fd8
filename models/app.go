package models

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// App is what a user deploys: a name, where its source comes from, how it is
// built and served, and how many instances of each process run.
type App struct {
	ID      string `gorm:"primaryKey"`
	Name    string
	OwnerID string

	// Where the source comes from when it is not pushed. SourceURL is a git
	// URL; SourceCredential is a deploy key (PEM) or a token, encrypted.
	SourceURL        string
	SourceCredential []byte
	WebhookSecret    []byte // encrypted

	ClusterID string // where its next release runs

	Branch     string // the tracked branch; "" until the first push decides
	Builder    string // "dockerfile", "static", "image" or "" for automatic
	Dockerfile string // path of the Dockerfile in the source, "" for "Dockerfile"
	HealthPath string // HTTP path that must answer 2xx or 3xx; "" to probe the port only
	Port       int    // the port the web process listens on; 0 to follow the image

	Scale       map[string]int `gorm:"serializer:json"` // wanted instances by process; a missing web is 1, any other 0
	MemoryMB    int            // limit per instance in MiB; 0 for the installation's default
	CPUMilli    int            // limit per instance in thousandths of a core; 0 for the default
	LiveRelease int            // version of the live release, 0 before the first

	Placement       map[string]string `gorm:"serializer:json"` // labels that a node must have to run it; nil for any node
	ReserveMemoryMB int               // what a node must have free for each instance, in MiB; 0 for nothing
	ReserveCPUMilli int               // the same in thousandths of a core

	SupersedeBuilding bool       // a newer deployment also stops one that is building
	StopFirst         bool       // the old instances stop before the new ones start; see also Volume
	WarmMinutes       int        // how long the release before the live one is kept running; 0 for not at all
	WatchMinutes      int        // how long a deployment is watched once it is live; 0 for not at all
	WarmRelease       int        // version of the release that is kept running without traffic, 0 for none
	WarmUntil         *time.Time // until when; nil with no WarmRelease

	ReleaseSeq    int // last release version given out
	DeploymentSeq int // last deployment number given out

	Revision  int64 // goes up with every edit; the API's ETag
	CreatedAt time.Time
	UpdatedAt time.Time
}

// WebProcess is the name of the process that the router sends requests to.
const WebProcess = "web"

// What a new app gets, and what it may ask for.
const (
	DefaultWarmMinutes  = 10
	MaxWarmMinutes      = 24 * 60
	DefaultWatchMinutes = 5
	MaxWatchMinutes     = 60
)

// Instances gives the wanted number of instances of a process.
func (a *App) Instances(process string) int {
	if n, ok := a.Scale[process]; ok {
		return n
	}
	if process == WebProcess {
		return 1
	}
	return 0
}

// MaxInstances bounds the instances of one process on one machine.
const MaxInstances = 50

var (
	appName     = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	processName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	configKey   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	hostLabel   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// reservedNames would collide with the dashboard's or the platform's own hosts
// and paths.
var reservedNames = map[string]bool{
	"api": true, "internal": true, "assets": true, "www": true, "slipway": true, "dashboard": true, "webhooks": true, "static": true,
}

// CheckAppName says what is wrong with an app's name. It becomes a DNS label
// (RFC 1123), a git repository and part of container names, hence the rules.
func CheckAppName(name string) error {
	switch {
	case name == "":
		return Invalid("name", "an app needs a name")
	case len(name) < 2 || len(name) > 40:
		return Invalid("name", "app name %q: use 2 to 40 characters", shorten(name))
	case !appName.MatchString(name):
		return Invalid("name", "app name %q: use lower-case letters, digits and single hyphens, starting with a letter", shorten(name))
	case reservedNames[name]:
		return Invalid("name", "app name %q is reserved by Slipway", name)
	}
	return nil
}

// CheckProcessName says what is wrong with a process's name.
func CheckProcessName(name string) error {
	if len(name) > 30 || !processName.MatchString(name) {
		return Invalid("process", "process name %q: use up to 30 lower-case letters, digits and single hyphens, starting with a letter", shorten(name))
	}
	return nil
}

// CheckConfig says what is wrong with a config var.
func CheckConfig(key, value string) error {
	switch {
	case len(key) > 200 || !configKey.MatchString(key):
		return Invalid("config", "config name %q: use letters, digits and underscores, not starting with a digit, at most 200 characters", shorten(key))
	case key == "PORT" || strings.HasPrefix(key, "SLIPWAY_"):
		return Invalid("config", "config name %s is set by Slipway itself", key)
	case len(value) > 32<<10:
		return Invalid("config", "the value of %s is over 32 KiB", key)
	case strings.ContainsRune(value, 0):
		return Invalid("config", "the value of %s contains a NUL byte, which no environment can hold", key)
	case !utf8.ValidString(value):
		return Invalid("config", "the value of %s is not text in UTF-8; encode it, in base64 for instance", key)
	}
	return nil
}

// CheckHost says what is wrong with a host name: RFC 1123 labels, at least two
// of them, the first of which may be "*".
func CheckHost(host string) error {
	bad := func(why string) error { return Invalid("host", "domain %q: %s", shorten(host), why) }
	if host == "" || len(host) > 253 {
		return bad("use 1 to 253 characters")
	}
	if strings.ContainsAny(host, "/: ") {
		return bad("give the name only, without scheme, port or path")
	}
	labels := strings.Split(host, ".")
	if len(labels) < 2 {
		return bad("it needs at least two parts, such as app.example.com")
	}
	for i, label := range labels {
		if label == "*" && i == 0 && len(labels) > 2 {
			continue
		}
		if !hostLabel.MatchString(label) {
			return bad("each part is lower-case letters, digits and hyphens; only the first may be *")
		}
	}
	if strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return bad("give a name, not an address") // no top-level domain is a number (RFC 1123)
	}
	return nil
}

func shorten(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}

// Domain is a host name that the router sends to an app, beside the app's own
// name under the installation's app domain.
type Domain struct {
	ID        string `gorm:"primaryKey"`
	AppID     string
	Host      string
	CreatedAt time.Time
}

// ConfigVar is one environment variable of an app, its value encrypted.
type ConfigVar struct {
	AppID     string `gorm:"primaryKey"`
	Key       string `gorm:"primaryKey"`
	Value     []byte // ciphertext
	UpdatedAt time.Time
}
