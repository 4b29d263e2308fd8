package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"
)

// client speaks the REST API.
type client struct {
	t     *testing.T
	base  string
	token string
	http  *http.Client
}

// api gives a client with the admin token.
func (in *installation) api(t *testing.T) *client {
	return &client{t: t, base: in.url, token: in.token, http: &http.Client{Timeout: 60 * time.Second}}
}

// browser gives a client with cookies and without a token.
func (in *installation) browser(t *testing.T) *client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &client{t: t, base: in.url, http: &http.Client{Jar: jar, Timeout: 60 * time.Second}}
}

// reply is one answer, read to its end.
type reply struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   []byte
}

func (c *client) get(path string) *reply { c.t.Helper(); return c.send("GET", path, nil, nil) }

func (c *client) post(path string, body any) *reply {
	c.t.Helper()
	return c.send("POST", path, body, nil)
}

func (c *client) patch(path string, body any) *reply {
	c.t.Helper()
	return c.send("PATCH", path, body, nil)
}

func (c *client) delete(path string) *reply { c.t.Helper(); return c.send("DELETE", path, nil, nil) }

// send sends JSON, or bytes as they are.
func (c *client) send(method, path string, body any, header map[string]string) *reply {
	c.t.Helper()
	r, err := c.try(method, path, body, header)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// try is send for when the server may not answer.
func (c *client) try(method, path string, body any, header map[string]string) (*reply, error) {
	var content io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case []byte:
		content, kind = bytes.NewReader(b), "application/octet-stream"
	default:
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, c.base+path, content)
	if err != nil {
		return nil, err
	}
	if content != nil {
		req.Header.Set("Content-Type", kind)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for key, value := range header {
		req.Header.Set(key, value)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	return &reply{t: c.t, what: method + " " + path, status: resp.StatusCode, header: resp.Header, body: got}, nil
}

// want fails the test unless the answer has one of the statuses.
func (r *reply) want(statuses ...int) *reply {
	r.t.Helper()
	for _, status := range statuses {
		if r.status == status {
			return r
		}
	}
	r.t.Fatalf("%s: status %d, want %v: %s", r.what, r.status, statuses, r.body)
	return r
}

// refused fails the test unless the answer is a problem of the status that a
// person can read.
func (r *reply) refused(status int) problem {
	r.t.Helper()
	r.want(status)
	var p problem
	r.into(&p)
	if kind := r.header.Get("Content-Type"); kind != "application/problem+json" || p.Detail == "" || p.Status != status {
		r.t.Fatalf("%s: not a readable problem (%s): %s", r.what, kind, r.body)
	}
	return p
}

func (r *reply) into(out any) {
	r.t.Helper()
	if err := json.Unmarshal(r.body, out); err != nil {
		r.t.Fatalf("%s: %v: %s", r.what, err, r.body)
	}
}

type problem struct {
	Status              int
	Kind, Detail, Field string
	RequestID           string `json:"request_id"`
}

type app struct {
	ID, Name, URL, Status, Branch string
	LiveRelease                   *struct{ Version int } `json:"live_release"`
	WarmRelease                   *struct{ Version int } `json:"warm_release"`
	Instances                     struct{ Running, Wanted int }
}

type deployment struct {
	ID, App, Trigger, State, Reason, Commit string
	Number, Release                         int
	PhaseDeadline                           *time.Time `json:"phase_deadline"`
	Build                                   *struct{ State, Error, Builder string }
}

func (d deployment) terminal() bool {
	switch d.State {
	case "succeeded", "failed", "cancelled", "superseded":
		return true
	}
	return false
}

func (c *client) app(name string) (a app) {
	c.t.Helper()
	c.get("/api/v1/apps/" + name).want(200).into(&a)
	return a
}

// deployments lists an app's deployments, newest first.
func (c *client) deployments(name string) []deployment {
	c.t.Helper()
	var page struct{ Items []deployment }
	c.get("/api/v1/apps/" + name + "/deployments?limit=200").want(200).into(&page)
	return page.Items
}

func (c *client) deployment(name string, number int) (d deployment) {
	c.t.Helper()
	c.get(fmt.Sprintf("/api/v1/apps/%s/deployments/%d", name, number)).want(200).into(&d)
	return d
}

// ended waits until a deployment has ended, and gives it.
func (c *client) ended(name string, number int) (d deployment) {
	c.t.Helper()
	eventually(c.t, 120*time.Second, fmt.Sprintf("deployment #%d of %s ends", number, name), func() error {
		if d = c.deployment(name, number); !d.terminal() {
			return fmt.Errorf("it is %s", d.State)
		}
		return nil
	})
	return d
}

// deployed waits until the deployment in an answer has succeeded.
func (c *client) deployed(r *reply) deployment {
	c.t.Helper()
	var d deployment
	r.into(&d)
	if d.Number == 0 {
		var wrapped struct{ Deployment deployment }
		r.into(&wrapped)
		d = wrapped.Deployment
	}
	if d = c.ended(d.App, d.Number); d.State != "succeeded" {
		c.t.Fatalf("%s: deployment #%d %s: %s", r.what, d.Number, d.State, d.Reason)
	}
	return d
}

// visitor is a client of the router: it finds every host there.
func (in *installation) visitor() *http.Client {
	return &http.Client{
		Timeout: 60 * time.Second,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 64,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, in.router)
			},
		},
	}
}

// address gives where a path of an app is found.
func (in *installation) address(name, path string) string {
	_, port, _ := net.SplitHostPort(in.router)
	return "http://" + name + ".localhost:" + port + path
}

// visit fetches a page of an app through the router, once.
func (in *installation) visit(name, path string) (status int, body string, err error) {
	visitor := in.visitor()
	defer visitor.CloseIdleConnections()
	resp, err := visitor.Get(in.address(name, path))
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(got), err
}

// shows fails the test unless a page of an app has some text now.
func (in *installation) shows(t *testing.T, name, path, text string) {
	t.Helper()
	status, body, err := in.visit(name, path)
	if err != nil || status != http.StatusOK || !strings.Contains(body, text) {
		t.Fatalf("%s%s: %d %q, %v; want %q", name, path, status, body, err, text)
	}
}
