package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// read parses the environment. A variable that is set to nothing counts as not
// set: compositions pass on what they do not have that way.
func read() (Config, error) {
	environment := env.ToMap(os.Environ())
	for name, value := range environment {
		if value == "" {
			delete(environment, name)
		}
	}
	cfg, err := env.ParseAsWithOptions[Config](env.Options{Environment: environment})
	return cfg, inOurWords(err)
}

// inOurWords names the variables that cannot be parsed, where the library names
// the fields they are for.
func inOurWords(err error) error {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return err
	}
	var wrong []string
	for _, one := range all.Errors {
		var parse env.ParseError
		if !errors.As(one, &parse) {
			return err
		}
		field, _ := reflect.TypeFor[Config]().FieldByName(parse.Name)
		what := "a number"
		switch field.Type {
		case reflect.TypeFor[bool]():
			what = "true or false"
		case reflect.TypeFor[time.Duration]():
			what = "a duration such as 30s or 5m"
		}
		wrong = append(wrong, fmt.Sprintf("%s is not %s", field.Tag.Get("env"), what))
	}
	return complaints(wrong)
}

func complaints(wrong []string) error {
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("configuration: %s", strings.Join(wrong, "; "))
}

var (
	installationName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)
	domainName       = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)
)

// check gives what is wrong, each with the name of its variable. It never
// repeats a secret.
func (c Config) check() (wrong []string) {
	complain := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	complain(isAddress(c.Listen), "SLIPWAY_LISTEN %q is not host:port", c.Listen)
	complain(isURL(c.URL), "SLIPWAY_URL %q is not an http or https URL without query", c.URL)
	complain(domainName.MatchString(c.AppDomain) && len(c.AppDomain) <= 200, "SLIPWAY_APP_DOMAIN %q is not a domain name in lower case", c.AppDomain)
	complain(slices.Contains([]string{"debug", "info", "warn", "error"}, strings.ToLower(c.LogLevel)), "SLIPWAY_LOG_LEVEL %q is not debug, info, warn or error", c.LogLevel)
	key, err := hex.DecodeString(c.SecretKey)
	complain(c.SecretKey == "" || err == nil && len(key) == 32, "SLIPWAY_SECRET_KEY must be 64 hex digits")
	for _, cidr := range c.TrustProxy {
		complain(isCIDR(cidr), "SLIPWAY_TRUSTED_PROXIES: %q is not a CIDR", cidr)
	}

	complain(slices.Contains([]string{"container", "process", "external", "off"}, c.Router), "SLIPWAY_ROUTER %q is not container, process, external or off", c.Router)
	complain(isAddress(c.RouterHTTP), "SLIPWAY_ROUTER_HTTP %q is not host:port", c.RouterHTTP)
	complain(c.RouterHTTPS == "" || isAddress(c.RouterHTTPS), "SLIPWAY_ROUTER_HTTPS %q is not host:port or off", c.RouterHTTPS)
	complain(c.PublicHTTP >= 0 && c.PublicHTTP <= 65535, "SLIPWAY_PUBLIC_HTTP_PORT %d is not a port", c.PublicHTTP)
	complain(c.AppScheme == "http" || c.AppScheme == "https", "SLIPWAY_APP_SCHEME %q is not http or https", c.AppScheme)
	complain(installationName.MatchString(c.Installation), "SLIPWAY_INSTALLATION %q: use up to 40 lower-case letters, digits and hyphens", c.Installation)
	complain(isCIDR(c.NetworkPool), "SLIPWAY_NETWORK_POOL %q is not a CIDR", c.NetworkPool)

	wrong = append(wrong, c.checkRegistry()...)

	for _, number := range []struct {
		name               string
		value, least, most int
	}{
		{"SLIPWAY_BUILD_CONCURRENCY", c.BuildConcurrency, 1, 1000},
		{"SLIPWAY_MAX_SOURCE_MB", c.MaxSourceMB, 1, 1 << 20},
		{"SLIPWAY_APP_MEMORY_MB", c.AppMemoryMB, 16, 1 << 20},
		{"SLIPWAY_APP_CPU_MILLI", c.AppCPUMilli, 10, 1_000_000},
		{"SLIPWAY_KEEP_RELEASES", c.KeepReleases, 1, 10_000},
		{"SLIPWAY_KEEP_DAYS", c.KeepDays, 0, 36_500},
		{"SLIPWAY_DISK_WATERMARK", c.DiskWatermark, 1, 99},
		{"SLIPWAY_DISK_RESERVE_MB", c.DiskReserveMB, 0, 1 << 20},
		{"SLIPWAY_BUILD_CACHE_GB", c.BuildCacheGB, 1, 1 << 20},
		{"SLIPWAY_LOG_STREAM_MB", c.LogStreamMB, 1, 1 << 20},
	} {
		complain(number.value >= number.least && number.value <= number.most, "%s must be between %d and %d", number.name, number.least, number.most)
	}
	for _, duration := range []struct {
		name         string
		value, least time.Duration
	}{
		{"SLIPWAY_BUILD_TIMEOUT", c.BuildTimeout, time.Second},
		{"SLIPWAY_HEALTH_TIMEOUT", c.HealthTimeout, time.Second},
		{"SLIPWAY_DRAIN_TIMEOUT", c.DrainTimeout, time.Millisecond},
		{"SLIPWAY_STOP_GRACE", c.StopGrace, time.Millisecond},
	} {
		complain(duration.value >= duration.least && duration.value <= 24*time.Hour, "%s must be between %s and 24h", duration.name, duration.least)
	}
	return wrong
}

// isAddress says whether one can listen there: the host may be empty.
func isAddress(address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host != "" && net.ParseIP(host) == nil && !domainName.MatchString(strings.ToLower(host)) {
		return false
	}
	number, err := strconv.Atoi(port)
	return err == nil && number >= 0 && number <= 65535
}

func isURL(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Hostname() != "" && (u.Scheme == "http" || u.Scheme == "https") &&
		u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

func isCIDR(text string) bool {
	_, _, err := net.ParseCIDR(text)
	return err == nil
}
