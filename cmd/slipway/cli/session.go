package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/client"
)

// session is a server and the right to speak to it.
type session struct {
	url   string // scheme://host:port, without a slash at the end
	token string
	api   *client.ClientWithResponses
	agent string
}

// connect gives the session that the environment or the last login names.
func (c *cli) connect() (*session, error) {
	address, token, err := c.credentials()
	if err != nil {
		return nil, err
	}
	if address == "" {
		return nil, fail(exitForbidden, signInHint, "you are not signed in to a server")
	}
	if token == "" {
		return nil, fail(exitForbidden, signInHint, "you have no token for %s", address)
	}
	return c.dial(address, token)
}

// credentials gives the server's address and the token, "" where unknown.
func (c *cli) credentials() (address, token string, err error) {
	logins, err := c.readLogins()
	if err != nil {
		return "", "", err
	}
	address = logins.URL
	if given := c.getenv("SLIPWAY_URL"); given != "" {
		if address, err = serverURL(given); err != nil {
			return "", "", err
		}
	}
	token = c.getenv("SLIPWAY_TOKEN")
	if token == "" {
		token = logins.Servers[address].Token
	}
	return address, token, nil
}

// dial makes a session; it sends nothing yet.
func (c *cli) dial(address, token string) (*session, error) {
	s := &session{url: address, token: token, agent: "slipway/" + c.version}
	api, err := client.NewClientWithResponses(address, client.WithHTTPClient(&http.Client{Transport: s}))
	if err != nil {
		return nil, err
	}
	s.api = api
	return s, nil
}

// transport gives up on a server that says nothing; how long a body takes is
// the caller's business.
var transport = &http.Transport{
	Proxy:                 http.ProxyFromEnvironment,
	DialContext:           dialTCP,
	TLSHandshakeTimeout:   10 * time.Second,
	ResponseHeaderTimeout: 3 * time.Minute, // destroying an app stops its containers first
	ForceAttemptHTTP2:     true,
}

// RoundTrip sends a request with the token, and turns an answer that is a
// problem into an error, so that no call need look for it.
func (s *session) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	s.sign(req.Header)
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode < 400 {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err != nil {
		return nil, err
	}
	return nil, problem(resp, raw)
}

const maxProblem = 64 << 10

// sign puts the token and the program's name into a request's header.
func (s *session) sign(header http.Header) {
	header.Set("User-Agent", s.agent)
	if s.token != "" {
		header.Set("Authorization", "Bearer "+s.token)
	}
}

// problem reads what a server answered when it refused.
func problem(resp *http.Response, raw []byte) *failure {
	var p client.Problem
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err == nil && media == "application/problem+json" && json.Unmarshal(raw, &p) == nil && p.Detail != "" {
		return refusal(p, resp.Header)
	}
	code := exitFailed
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusNotFound {
		code = exitUnavailable
	}
	return fail(code, "Is that the address of a Slipway server?", "the server answered %s", strings.ToLower(resp.Status))
}

// The generated answers have one of these methods each, by their status.
type (
	okAnswer[T any]       interface{ GetJSON200() *T }
	createdAnswer[T any]  interface{ GetJSON201() *T }
	acceptedAnswer[T any] interface{ GetJSON202() *T }
)

// ok gives what a call answered with 200. It is wrapped around the call.
func ok[T any](a okAnswer[T], err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return need(a.GetJSON200())
}

// created gives what a call answered with 201.
func created[T any](a createdAnswer[T], err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return need(a.GetJSON201())
}

// accepted gives what a call answered with 202.
func accepted[T any](a acceptedAnswer[T], err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return need(a.GetJSON202())
}

// need refuses an answer without the expected document, which happens when
// whatever answered is not a Slipway server.
func need[T any](value *T) (*T, error) {
	if value == nil {
		return nil, fail(exitUnavailable, "Is that the address of a Slipway server?", "the answer is not Slipway's")
	}
	return value, nil
}

// serverURL reads an address as people type it.
func serverURL(typed string) (string, error) {
	typed = strings.TrimSpace(typed)
	bad := func() (string, error) {
		return "", fail(exitUsage, "", "%q is not a server's address; give one such as https://slipway.example.com", typed)
	}
	address := typed
	if !strings.Contains(address, "://") {
		scheme := "https://"
		if u, err := url.Parse("http://" + address); err == nil && isLoopback(u.Hostname()) {
			scheme = "http://"
		}
		address = scheme + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" {
		return bad()
	}
	if u.User != nil {
		return "", fail(exitUsage, "", "leave user name and password out of the server's address")
	}
	if strings.Trim(u.Path, "/") != "" {
		return bad()
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

func isLoopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// print writes a document as JSON with two spaces of indentation.
func (c *cli) print(document any) error {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(document); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	_, err := c.Out.Write(out.Bytes())
	return err
}
