package kubernetes

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestVersions: what is too old is refused in words, when it is first asked for
// its nodes.
func TestVersions(t *testing.T) {
	for _, c := range []struct {
		answer string
		taken  bool
	}{
		{`{"major": "1", "minor": "34", "gitVersion": "v1.34.4"}`, true},
		{`{"major": "1", "minor": "30", "gitVersion": "v1.30.0"}`, true},
		{`{"major": "1", "minor": "33+", "gitVersion": "v1.33.5-gke.1080000"}`, true},
		{`{"major": "2", "minor": "0", "gitVersion": "v2.0.0"}`, true},
		{`{"major": "1", "minor": "29", "gitVersion": "v1.29.14"}`, false},
		{`{"major": "1", "minor": "9+", "gitVersion": "v1.9.11-old"}`, false},
		{`{}`, false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := `{"items": []}`
			if r.URL.Path == "/version" {
				answer = c.answer
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, answer)
		}))
		defer server.Close()
		cluster, err := New(Options{Kubeconfig: strings.Replace(goodKubeconfig, "https://192.0.2.1:6443", server.URL, 1), Installation: "old"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = cluster.Nodes(t.Context())
		if c.taken != (err == nil) || !c.taken && !strings.Contains(err.Error(), "1.30 or newer is needed") {
			t.Errorf("%s: %v", c.answer, err)
		}
	}
}
