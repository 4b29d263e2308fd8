// Package config reads the server's settings from SLIPWAY_* environment
// variables into one typed value. It has no globals; main reads it once and
// hands down what each part needs.
package config

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Config is everything an operator can set. The zero configuration works.
type Config struct {
	DataDir     string   `env:"SLIPWAY_DATA"`                               // everything Slipway keeps on disk; /var/lib/slipway for root, ~/.local/share/slipway else
	DatabaseURL string   `env:"DATABASE_URL"`                               // an external Postgres; "" for the embedded one
	Listen      string   `env:"SLIPWAY_LISTEN" envDefault:"127.0.0.1:8000"` // dashboard, API and git
	URL         string   `env:"SLIPWAY_URL"`                                // how people reach Listen; "" for http://<Listen>
	AppDomain   string   `env:"SLIPWAY_APP_DOMAIN" envDefault:"localhost"`  // apps answer at <name>.<AppDomain>
	SecretKey   string   `env:"SLIPWAY_SECRET_KEY"`                         // 64 hex digits that encrypt secrets at rest; "" to keep one in DataDir
	LogLevel    string   `env:"SLIPWAY_LOG_LEVEL" envDefault:"info"`        // debug, info, warn or error
	TrustProxy  []string `env:"SLIPWAY_TRUSTED_PROXIES" envSeparator:","`   // CIDRs whose X-Forwarded-For is believed; the router's own loopback always is

	Router      string `env:"SLIPWAY_ROUTER" envDefault:"container"`   // container: the engine runs it; process: a process beside the server; external: somebody else runs it; off: there is none
	RouterHTTP  string `env:"SLIPWAY_ROUTER_HTTP" envDefault:":8080"`  // where the router listens for HTTP
	RouterHTTPS string `env:"SLIPWAY_ROUTER_HTTPS" envDefault:":8443"` // and for HTTPS; "off" for none
	RouterToken string `env:"SLIPWAY_ROUTER_TOKEN"`                    // shared with routers run elsewhere; "" to make one in DataDir
	PublicHTTP  int    `env:"SLIPWAY_PUBLIC_HTTP_PORT"`                // the port in apps' URLs when it differs from RouterHTTP's
	AppScheme   string `env:"SLIPWAY_APP_SCHEME" envDefault:"http"`    // http or https, in apps' URLs

	DockerHost   string `env:"DOCKER_HOST"`                                     // "" for the default socket
	Installation string `env:"SLIPWAY_INSTALLATION" envDefault:"slipway"`       // label and name prefix of all it makes; two installations on one engine need two names
	NetworkPool  string `env:"SLIPWAY_NETWORK_POOL" envDefault:"10.210.0.0/16"` // app networks are cut from it, 128 addresses each: room for 512 apps

	Registry             string `env:"SLIPWAY_REGISTRY"`               // where clusters of several nodes pull images from: host[:port][/path]; "" for the server's own
	RegistryUsername     string `env:"SLIPWAY_REGISTRY_USERNAME"`      // for Registry
	RegistryPassword     string `env:"SLIPWAY_REGISTRY_PASSWORD"`      // for Registry
	RegistryPasswordFile string `env:"SLIPWAY_REGISTRY_PASSWORD_FILE"` // a file to read RegistryPassword from
	RegistryAddress      string `env:"SLIPWAY_REGISTRY_ADDRESS"`       // host[:port] under which nodes reach the server's own registry; "" for not at all

	BuildConcurrency int           `env:"SLIPWAY_BUILD_CONCURRENCY" envDefault:"2"` // builds at once
	BuildTimeout     time.Duration `env:"SLIPWAY_BUILD_TIMEOUT" envDefault:"30m"`
	HealthTimeout    time.Duration `env:"SLIPWAY_HEALTH_TIMEOUT" envDefault:"60s"` // how long a release has to become healthy
	DrainTimeout     time.Duration `env:"SLIPWAY_DRAIN_TIMEOUT" envDefault:"30s"`  // how long requests on the old release may take to end
	StopGrace        time.Duration `env:"SLIPWAY_STOP_GRACE" envDefault:"10s"`     // between SIGTERM and SIGKILL
	MaxSourceMB      int           `env:"SLIPWAY_MAX_SOURCE_MB" envDefault:"512"`  // a push's or an upload's packed size
	AppMemoryMB      int           `env:"SLIPWAY_APP_MEMORY_MB" envDefault:"512"`  // default limit per instance
	AppCPUMilli      int           `env:"SLIPWAY_APP_CPU_MILLI" envDefault:"1000"`
	KeepReleases     int           `env:"SLIPWAY_KEEP_RELEASES" envDefault:"10"`  // releases whose images are kept
	KeepDays         int           `env:"SLIPWAY_KEEP_DAYS"`                      // days for which images, sources and log lines are kept; 0 for no such limit
	DiskWatermark    int           `env:"SLIPWAY_DISK_WATERMARK" envDefault:"85"` // percent of the disk in use above which more is collected
	DiskReserveMB    int           `env:"SLIPWAY_DISK_RESERVE_MB"`                // what builds leave free; 0 for 2 % of the disk, 64 MB to 2 GB
	BuildCacheGB     int           `env:"SLIPWAY_BUILD_CACHE_GB" envDefault:"10"` // build cache that is kept
	LogStreamMB      int           `env:"SLIPWAY_LOG_STREAM_MB" envDefault:"64"`  // log kept per app
	AllowFileSources bool          `env:"SLIPWAY_ALLOW_FILE_SOURCES"`             // permit file:// git URLs; for tests and single-user machines
}

// Load reads the environment and checks it. Its error names every variable
// that is wrong, and no secret.
func Load() (Config, error) {
	cfg, err := read()
	if err != nil {
		return Config{}, err
	}
	return cfg.complete()
}

// complete fills in what follows from the rest, and checks all of it.
func (c Config) complete() (Config, error) {
	if c.DataDir == "" {
		c.DataDir = defaultDataDir()
	}
	dir, err := filepath.Abs(c.DataDir)
	if err != nil {
		return Config{}, fmt.Errorf("configuration: SLIPWAY_DATA: %w", err)
	}
	c.DataDir = dir
	if c.URL == "" {
		c.URL = "http://" + reachable(c.Listen)
	}
	c.URL = strings.TrimRight(c.URL, "/")
	if c.RouterHTTPS == "off" {
		c.RouterHTTPS = ""
	}
	wrong := c.check()
	if err := c.readPasswordFile(); err != nil {
		wrong = append(wrong, err.Error())
	}
	if err := complaints(wrong); err != nil {
		return Config{}, err
	}
	return c, nil
}

// AppPort gives the port to write in apps' URLs, "" when it is the scheme's own.
func (c Config) AppPort() string {
	port := ""
	switch {
	case c.PublicHTTP != 0:
		port = fmt.Sprint(c.PublicHTTP)
	case c.AppScheme == "https":
		_, port, _ = net.SplitHostPort(c.RouterHTTPS)
	default:
		_, port, _ = net.SplitHostPort(c.RouterHTTP)
	}
	if (c.AppScheme == "http" && port == "80") || (c.AppScheme == "https" && port == "443") {
		return ""
	}
	return port
}

// AppURL gives the address of a host under the router.
func (c Config) AppURL(host string) string {
	if port := c.AppPort(); port != "" {
		host += ":" + port
	}
	return c.AppScheme + "://" + host
}

func defaultDataDir() string {
	if os.Geteuid() == 0 {
		return "/var/lib/slipway"
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "share", "slipway")
	}
	return "slipway-data"
}

// reachable gives a host:port that a client on this machine can dial.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
