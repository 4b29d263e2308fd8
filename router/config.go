package router

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Config is what a router needs to know. ConfigFromEnv fills it.
type Config struct {
	HTTP      string // address of the clear-text listener
	HTTPS     string // address of the TLS listener, "" for none
	Server    string // URL of the server
	Token     string // the router token; TokenFile wins
	TokenFile string // file with the router token, read anew at every connection
	Data      string // folder for table.json and certs/, made if missing
	ID        string // names the router to the server; unique among running routers

	TrustedProxies []netip.Prefix // whose X-Forwarded-* are believed
	Drain          time.Duration  // how long a stopping router lets requests finish
	UploadStall    time.Duration  // longest pause within a request's body before the app answers; 0 for 60 s

	HoldTimeout time.Duration // how long a request waits for an app that is held; 0 for 30 s
	HoldPerApp  int           // how many requests wait for one app; 0 for 1,000
	HoldTotal   int           // and for all apps; 0 for 10,000

	// Listening, if set, is called once with the addresses in use, the second
	// nil without TLS, before the first request is served.
	Listening func(http, https string)
}

// ConfigFromEnv reads the SLIPWAY_ROUTER_* variables through lookup, which is
// os.LookupEnv outside tests. The error names the variable at fault.
func ConfigFromEnv(lookup func(string) (string, bool)) (Config, error) {
	get := func(name, otherwise string) string {
		if value, ok := lookup("SLIPWAY_ROUTER_" + name); ok {
			return value
		}
		return otherwise
	}
	cfg := Config{
		HTTP:      get("HTTP", ":8080"),
		HTTPS:     get("HTTPS", ":8443"),
		Server:    get("SERVER", "http://127.0.0.1:8000"),
		Token:     get("TOKEN", ""),
		TokenFile: get("TOKEN_FILE", ""),
		Data:      get("DATA", "router-data"),
		ID:        get("ID", ""),
	}
	var err error
	if cfg.TrustedProxies, err = parsePrefixes(get("TRUSTED_PROXIES", "")); err != nil {
		return Config{}, fmt.Errorf("SLIPWAY_ROUTER_TRUSTED_PROXIES: %w", err)
	}
	if cfg.Drain, err = time.ParseDuration(get("DRAIN", "30s")); err != nil || cfg.Drain < 0 {
		return Config{}, fmt.Errorf("SLIPWAY_ROUTER_DRAIN: %q is not a duration such as 30s", get("DRAIN", ""))
	}
	if cfg.HoldTimeout, err = time.ParseDuration(get("HOLD_TIMEOUT", "30s")); err != nil || cfg.HoldTimeout <= 0 {
		return Config{}, fmt.Errorf("SLIPWAY_ROUTER_HOLD_TIMEOUT: %q is not a duration such as 30s", get("HOLD_TIMEOUT", ""))
	}
	for name, to := range map[string]*int{"HOLD_PER_APP": &cfg.HoldPerApp, "HOLD_TOTAL": &cfg.HoldTotal} {
		value, ok := lookup("SLIPWAY_ROUTER_" + name)
		if !ok {
			continue
		}
		if *to, err = strconv.Atoi(value); err != nil || *to <= 0 {
			return Config{}, fmt.Errorf("SLIPWAY_ROUTER_%s: %q is not a number of requests", name, value)
		}
	}
	return cfg, nil
}

// token gives the router token, read anew so that it can be changed.
func (c *Config) token() (string, error) {
	if c.TokenFile == "" {
		return c.Token, nil
	}
	raw, err := os.ReadFile(c.TokenFile)
	if err != nil {
		return "", fmt.Errorf("read the router's token: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// settle checks the configuration and fills in what was left open. The ID gets
// a part that is new for every process: while one router takes over from
// another the server must tell the two apart.
func (c *Config) settle() error {
	if at, err := url.Parse(c.Server); err != nil || at.Host == "" || (at.Scheme != "http" && at.Scheme != "https") {
		return fmt.Errorf("the server's URL %q is not an http or https URL", c.Server)
	}
	if c.Token == "" && c.TokenFile == "" {
		return errors.New("a router needs its token: set SLIPWAY_ROUTER_TOKEN_FILE")
	}
	if c.HTTP == "" && c.HTTPS == "" {
		return errors.New("a router without any listener serves nobody")
	}
	if c.ID == "" {
		name, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("find the host's name: %w", err)
		}
		c.ID = name
	}
	var part [4]byte
	_, _ = rand.Read(part[:]) // never fails: crypto/rand aborts the program instead
	c.ID += "." + hex.EncodeToString(part[:])
	if c.UploadStall == 0 {
		c.UploadStall = defaultUploadStall
	}
	return nil
}
