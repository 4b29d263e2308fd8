package e2e

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Whoever holds the bootstrap link makes the owner, once. Until then nobody on
// the network can be quicker: Slipway listens on this machine only.
func TestFirstRun(t *testing.T) {
	other := otherAddress(t)
	in := prepare(t, "SLIPWAY_ROUTER=off")
	_, port, err := net.SplitHostPort(in.listen)
	if err != nil {
		t.Fatal(err)
	}
	in.env = append(in.env, "SLIPWAY_LISTEN=0.0.0.0:"+port)
	in.start(t)
	outside := net.JoinHostPort(other, port)

	if conn, err := net.DialTimeout("tcp", outside, time.Second); err == nil {
		_ = conn.Close()
		t.Fatalf("%s answers before there is an owner", outside)
	}
	token := in.bootstrapToken(t)
	if info, err := os.Stat(filepath.Join(in.data, "bootstrap-link")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the bootstrap link's file: %v, %v", info.Mode(), err)
	}
	if !bytes.Contains(in.serverLog(t), []byte("/setup?token="+token)) {
		t.Error("the bootstrap link is not printed")
	}
	browser := in.browser(t)
	var setup struct {
		Required bool `json:"bootstrap_required"`
	}
	browser.get("/api/v1/setup").want(200).into(&setup)
	if !setup.Required {
		t.Error("the setup does not say that it is required")
	}
	person := func(token string) map[string]any {
		return map[string]any{"token": token, "email": "ada@example.com", "name": "Ada", "password": ownerPassword}
	}
	// Bad attempts leave the link as good as it was.
	if r := browser.post("/api/v1/setup", person("guessed")); r.status != 401 && r.status != 403 && r.status != 410 && r.status != 422 && r.status != 404 {
		t.Errorf("a guessed token: %d %s", r.status, r.body)
	}
	short := person(token)
	short["password"] = "short"
	browser.post("/api/v1/setup", short).refused(422)

	// Two claims at once: one of them makes the owner.
	answers := make(chan int, 2)
	for range 2 {
		go func() {
			r, err := in.browser(t).try("POST", "/api/v1/setup", person(token), nil)
			if err != nil {
				answers <- 0
				return
			}
			answers <- r.status
		}()
	}
	first, second := <-answers, <-answers
	if (first == 201) == (second == 201) {
		t.Fatalf("two claims at once: %d and %d", first, second)
	}
	if again := browser.post("/api/v1/setup", person(token)); again.status != 409 && again.status != 410 {
		t.Errorf("a later claim: %d %s", again.status, again.body)
	}

	eventually(t, 5*time.Second, "Slipway listens everywhere", func() error {
		resp, err := http.Get("http://" + outside + "/healthz")
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
	if err := in.ready(); err != nil {
		t.Errorf("loopback does not answer any more: %v", err)
	}
	if _, err := os.Stat(filepath.Join(in.data, "bootstrap-link")); !os.IsNotExist(err) {
		t.Errorf("the bootstrap link is still there: %v", err)
	}

	// The next start makes no new link and listens everywhere at once.
	if err := in.stop(); err != nil {
		t.Fatal(err)
	}
	in.start(t)
	if _, err := os.Stat(filepath.Join(in.data, "bootstrap-link")); !os.IsNotExist(err) {
		t.Errorf("a start with an owner makes a bootstrap link: %v", err)
	}
	resp, err := http.Get("http://" + outside + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	browser.post("/api/v1/session", map[string]any{"email": "ada@example.com", "password": ownerPassword}).want(200)
}

// otherAddress gives an address of this machine that is not loopback.
func otherAddress(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		if at, ok := address.(*net.IPNet); ok && at.IP.To4() != nil && !at.IP.IsLoopback() {
			return at.IP.String()
		}
	}
	t.Fatal(fmt.Errorf("this machine has loopback only: %v", addresses))
	return ""
}
