package kubernetes

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// TestUnarmed: a node that was told the credentials too late gets another try,
// and one that had them does not, nor one that is never told.
func TestUnarmed(t *testing.T) {
	for what, c := range map[string]struct {
		events  string
		waited  time.Duration
		seen    time.Duration // since when it could not be fetched
		removed bool
		want    error
	}{
		"told too late":             {`[{"reason": "FailedToRetrieveImagePullSecret"}]`, 0, 0, true, nil},
		"never told":                {`[{"reason": "FailedToRetrieveImagePullSecret"}]`, tellWithin, 0, false, deployer.ErrNoImage},
		"the event may yet come":    {`[]`, 0, 0, false, nil},
		"it had them":               {`[]`, 0, eventWithin, false, deployer.ErrNoImage},
		"it had them, and for long": {`[]`, tellWithin, eventWithin, false, deployer.ErrNoImage},
	} {
		removed := false
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.Method == http.MethodDelete {
				removed = strings.HasSuffix(r.URL.Path, "/pods/a")
				_, _ = io.WriteString(w, "{}")
				return
			}
			_, _ = io.WriteString(w, `{"items": `+c.events+`}`)
		}))
		defer server.Close()
		cluster, err := New(Options{Kubeconfig: strings.Replace(goodKubeconfig, "https://192.0.2.1:6443", server.URL, 1), Installation: "late"})
		if err != nil {
			t.Fatal(err)
		}
		v := look(aPod("a", waits("ErrImagePull", "401 Unauthorized")))
		refused := cluster.trouble(v, time.Now())
		w := &wait{Cluster: cluster, began: time.Now().Add(-c.waited), denied: map[string]denial{v.key(): {time.Now().Add(-c.seen), refused}}}
		if err := w.reconsider(t.Context(), v, refused); removed != c.removed || !errors.Is(err, c.want) {
			t.Errorf("%s: removed %v, %v", what, removed, err)
		}
	}
}
