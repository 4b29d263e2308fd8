package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// reply is one answer of the API, read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) into(out any) error { return json.Unmarshal(r.body, out) }

// call speaks the REST API with the admin token. A server that does not answer
// is an error.
func (s *server) call(method, path string, body any, header ...string) (reply, error) {
	return s.callBy(&http.Client{Timeout: 60 * time.Second}, method, path, body, header...)
}

func (s *server) callBy(visitor *http.Client, method, path string, body any, header ...string) (reply, error) {
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return reply{}, err
		}
		content = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, s.url+path, content)
	if err != nil {
		return reply{}, err
	}
	if content != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if s.home.token != "" && visitor.Jar == nil {
		req.Header.Set("Authorization", "Bearer "+s.home.token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := visitor.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, got}, err
}

// must is call for when nothing stands in the way: any answer but a 2xx ends
// the test.
func (s *server) must(t *testing.T, method, path string, body any) reply {
	t.Helper()
	r, err := s.call(method, path, body)
	if err != nil || r.status/100 != 2 {
		t.Fatalf("%s %s: %d %s, %v", method, path, r.status, r.body, err)
	}
	return r
}

// deployment is one as the API shows it.
type deployment struct {
	ID, App, Trigger, State, Reason, Commit string
	Number, Release                         int
}

func terminal(state string) bool {
	switch state {
	case "succeeded", "failed", "cancelled", "superseded":
		return true
	}
	return false
}

// asked takes the deployment out of an answer that holds one, by itself or as
// part of it.
func (r reply) asked() (d deployment, err error) {
	if err = r.into(&d); err == nil && d.Number == 0 {
		var wrapped struct{ Deployment *deployment }
		if err = r.into(&wrapped); err == nil && wrapped.Deployment != nil {
			d = *wrapped.Deployment
		}
	}
	if err == nil && d.Number == 0 {
		err = fmt.Errorf("no deployment in %s", r.body)
	}
	return d, err
}

// awaits waits until a deployment has ended, and gives it.
func (s *server) awaits(t *testing.T, app string, number int) (d deployment) {
	t.Helper()
	eventually(t, 2*time.Minute, fmt.Sprintf("deployment #%d of %s ends", number, app), func() error {
		r, err := s.call("GET", fmt.Sprintf("/api/v1/apps/%s/deployments/%d", app, number), nil)
		if err == nil {
			err = r.into(&d)
		}
		if err == nil && !terminal(d.State) {
			err = fmt.Errorf("it is %s: %d", d.State, r.status)
		}
		return err
	})
	return d
}

// claim makes the owner and an API token that may do everything.
func (h *home) claim(t *testing.T) {
	t.Helper()
	s := h.first()
	link, err := os.ReadFile(filepath.Join(s.data, "bootstrap-link"))
	if err != nil {
		t.Fatal(err)
	}
	_, secret, _ := strings.Cut(strings.TrimSpace(string(link)), "/setup?token=")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: time.Minute}
	var made struct{ Token string }
	for _, step := range []struct {
		path string
		body map[string]any
	}{
		{"/api/v1/setup", map[string]any{"token": secret, "email": "ada@example.com", "name": "Ada", "password": "a long enough password"}},
		{"/api/v1/tokens", map[string]any{"name": "chaos", "scopes": []string{"admin"}}},
	} {
		r, err := s.callBy(browser, "POST", step.path, step.body)
		if err != nil || r.status != http.StatusCreated {
			t.Fatalf("%s: %d %s, %v", step.path, r.status, r.body, err)
		}
		if err := r.into(&made); err != nil {
			t.Fatal(err)
		}
	}
	h.token = made.Token
}
