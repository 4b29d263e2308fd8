package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// installation is one Slipway with a name, ports, networks and data of its own.
type installation struct {
	b       *bench
	name    string
	data    string
	url     string
	listen  string // host:port of url
	router  string // host:port
	env     []string
	token   string // admin
	server  *process
	visitor *http.Client // keeps its connections
}

// install starts an installation and makes its owner. Settings are NAME=value.
// It is removed with all it has on the engine at the end of the measurement.
func (b *bench) install(ctx context.Context, settings ...string) (*installation, error) {
	in, err := b.prepare(settings...)
	if err != nil {
		return nil, err
	}
	return in, in.open(ctx)
}

// prepare is install, but that nothing is started yet.
func (b *bench) prepare(settings ...string) (*installation, error) {
	addresses, err := freeAddresses(2)
	if err != nil {
		return nil, err
	}
	in := &installation{
		b: b, name: fmt.Sprintf("slw-bench-%d", os.Getpid()), data: filepath.Join(b.dir, "data"),
		url: "http://" + addresses[0], listen: addresses[0], router: addresses[1],
		visitor: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 100}},
	}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "SLIPWAY_") && !strings.HasPrefix(variable, "DATABASE_URL=") {
			in.env = append(in.env, variable)
		}
	}
	in.env = append(append(in.env,
		"SLIPWAY_DATA="+in.data, "SLIPWAY_INSTALLATION="+in.name, "SLIPWAY_LISTEN="+addresses[0],
		"SLIPWAY_ROUTER_HTTP="+in.router, "SLIPWAY_ROUTER_HTTPS=off", "SLIPWAY_NETWORK_POOL=10.219.0.0/16"), settings...)
	b.cleanup(in.remove)
	return in, nil
}

// open starts the installation for the first time and makes its owner.
func (in *installation) open(ctx context.Context) error {
	if err := in.start(ctx); err != nil {
		return err
	}
	return in.claim(ctx)
}

// start starts the server and waits until it is ready.
func (in *installation) start(ctx context.Context) (err error) {
	if in.server, err = in.b.start(in.command("server"), "server"); err != nil {
		return err
	}
	return in.server.answers(ctx, in.url+"/readyz", "")
}

func (in *installation) command(args ...string) *exec.Cmd {
	cmd := exec.Command(in.b.slipway, args...)
	cmd.Env, cmd.Dir = in.env, in.b.dir
	return cmd
}

func (in *installation) remove() error {
	var err error
	if in.server != nil {
		err = in.server.stop()
	}
	out, down := in.command("server", "down", "--purge").CombinedOutput()
	if down != nil {
		down = fmt.Errorf("server down: %w\n%s", down, out)
	}
	return errors.Join(err, down)
}

// claim makes the owner and an API token that may do everything.
func (in *installation) claim(ctx context.Context) error {
	link, err := os.ReadFile(filepath.Join(in.data, "bootstrap-link"))
	if err != nil {
		return err
	}
	_, token, _ := strings.Cut(strings.TrimSpace(string(link)), "/setup?token=")
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	browser := &http.Client{Jar: jar}
	owner := map[string]any{"token": token, "email": "ada@example.com", "name": "Ada", "password": "a long enough password"}
	if err := in.callWith(ctx, browser, http.MethodPost, "/api/v1/setup", owner, nil); err != nil {
		return err
	}
	var made struct{ Token string }
	wanted := map[string]any{"name": "bench", "scopes": []string{"admin"}}
	err = in.callWith(ctx, browser, http.MethodPost, "/api/v1/tokens", wanted, &made)
	in.token = made.Token
	return err
}

// call asks the API as the admin, with JSON, and reads the answer into out.
func (in *installation) call(ctx context.Context, method, path string, body, out any) error {
	return in.callWith(ctx, in.visitor, method, path, body, out)
}

func (in *installation) callWith(ctx context.Context, client *http.Client, method, path string, body, out any) error {
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, in.url+path, content)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if in.token != "" {
		req.Header.Set("Authorization", "Bearer "+in.token)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %.500s", method, path, resp.Status, raw)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

// visit asks an app through the router.
func (in *installation) visit(ctx context.Context, app, path string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+in.router+path, nil)
	if err != nil {
		return 0, "", err
	}
	req.Host = app + ".localhost"
	resp, err := in.visitor.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}
