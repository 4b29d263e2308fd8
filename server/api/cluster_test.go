package api

import (
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

func TestClustersComeAndGo(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	listed := owner.get("/api/v1/clusters").want(200)
	if len(listed.items()) != 1 || !strings.Contains(string(listed.body), `"own":true`) {
		t.Fatalf("%s", listed.body)
	}
	secret := map[string]any{"ca": "a", "cert": "b", "key": "the key"}
	keyed := owner.with("Idempotency-Key", "one")
	wanted := map[string]any{"name": "far", "kind": "swarm", "endpoint": "tcp://10.0.0.5:2376", "credentials": secret}
	made := keyed.post("/api/v1/clusters", wanted).want(201)
	if made.text("name") != "far" || made.text("state") != "ready" || strings.Contains(string(made.body), "the key") {
		t.Fatalf("%s", made.body)
	}
	keyed.post("/api/v1/clusters", wanted).want(201)
	owner.post("/api/v1/clusters", wanted).problem(409, models.KindConflict)
	if shown := owner.get("/api/v1/clusters/far").want(200); strings.Contains(string(shown.body), "the key") {
		t.Errorf("%s", shown.body)
	}
	for what, body := range map[string]map[string]any{
		"no TLS":          {"name": "one", "kind": "swarm", "endpoint": "tcp://10.0.0.5:2375"},
		"a user":          {"name": "one", "kind": "swarm", "endpoint": "tcp://u:p@10.0.0.5:2375", "credentials": secret},
		"a scheme":        {"name": "one", "kind": "swarm", "endpoint": "ssh://host"},
		"a name":          {"name": "One", "kind": "swarm"},
		"the own name":    {"name": "local", "kind": "swarm"},
		"another kind's":  {"name": "one", "kind": "swarm", "credentials": map[string]any{"kubeconfig": "x"}},
		"a wrong key":     {"name": "one", "kind": "swarm", "endpoint": "tcp://10.0.0.5:2376", "credentials": map[string]any{"ca": "a", "cert": "b", "key": "no"}},
		"nobody can":      {"name": "one", "kind": "kubernetes", "credentials": map[string]any{"kubeconfig": "x"}},
		"no kind of ours": {"name": "one", "kind": "nomad"},
	} {
		if p := owner.post("/api/v1/clusters", body).problem(422, models.KindInvalid); p.Field == "" && what != "nobody can" {
			t.Errorf("%s: %+v", what, p)
		}
	}
	member := h.member(t, "m@example.com")
	member.get("/api/v1/clusters").want(200)
	member.post("/api/v1/clusters", wanted).problem(403, models.KindForbidden)
	member.delete("/api/v1/clusters/far").problem(403, models.KindForbidden)
	member.post("/api/v1/clusters/far/join", nil).problem(403, models.KindForbidden)

	owner.delete("/api/v1/clusters/local").problem(409, models.KindConflict)
	owner.put("/api/v1/clusters/local/access", map[string]any{}).problem(409, models.KindConflict)
	owner.put("/api/v1/clusters/far/access", map[string]any{"endpoint": "tcp://10.0.0.6:2376", "credentials": map[string]any{"ca": "a", "cert": "b", "key": "no"}}).problem(422, models.KindInvalid)
	if same := owner.get("/api/v1/clusters/far").want(200); same.text("endpoint") != "tcp://10.0.0.5:2376" {
		t.Errorf("what did not work was kept: %s", same.body)
	}
	if other := owner.put("/api/v1/clusters/far/access", map[string]any{"endpoint": "tcp://10.0.0.6:2376", "credentials": secret}).want(200); other.text("endpoint") != "tcp://10.0.0.6:2376" {
		t.Errorf("%s", other.body)
	}
	owner.post("/api/v1/clusters/local/nodes/x/drain", nil).problem(409, models.KindConflict)

	h.far.SetAway(true)
	if away := owner.get("/api/v1/clusters/far").want(200); away.text("state") != "away" || away.text("reason") == "" {
		t.Errorf("%s", away.body)
	}
	owner.post("/api/v1/clusters", map[string]any{"name": "gone", "kind": "swarm"}).problem(503, models.KindUnavailable)
	if left := owner.get("/api/v1/clusters").want(200); len(left.items()) != 2 {
		t.Errorf("what could not be reached is there: %s", left.body)
	}
	owner.delete("/api/v1/clusters/far").want(204)
	owner.get("/api/v1/clusters/far").problem(404, models.KindNotFound)
}

func TestMoveAnApp(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	owner.post("/api/v1/clusters", map[string]any{"name": "far", "kind": "swarm"}).want(201)
	owner.post("/api/v1/apps", map[string]any{"name": "hello"}).want(201)
	move := func(to string) *reply { return owner.post("/api/v1/apps/hello/move", map[string]any{"to": to}) }
	move("nowhere").problem(404, models.KindNotFound)
	move("local").problem(409, models.KindConflict)
	if moved := move("far").want(202); moved.value("deployment") != nil {
		t.Errorf("an app without a release: %s", moved.body)
	}
	if app := owner.get("/api/v1/apps/hello").want(200); app.text("cluster") != "far" {
		t.Errorf("%s", app.body)
	}
	owner.delete("/api/v1/clusters/far").problem(409, models.KindConflict)
	move("local").want(202)

	h.live(t, "hello")
	started := move("far").want(202)
	if started.text("deployment", "trigger") != "move" || started.text("deployment", "state") != "queued" {
		t.Errorf("%s", started.body)
	}
	owner.delete("/api/v1/clusters/far").problem(409, models.KindConflict)
	h.member(t, "m@example.com").post("/api/v1/apps/hello/move", map[string]any{"to": "far"}).problem(404, models.KindNotFound)
}

// live gives an app a live release, of which nothing runs.
func (h *house) live(t *testing.T, name string) {
	t.Helper()
	app, err := h.store.AppByName(t.Context(), models.SystemActor(), name)
	if err != nil {
		t.Fatal(err)
	}
	d := &models.Deployment{AppID: app.ID, Trigger: models.TriggerPush, SourceID: "none"}
	if err := h.store.AddDeployment(t.Context(), models.SystemActor(), d); err != nil {
		t.Fatal(err)
	}
	release := &models.Release{AppID: app.ID, DeploymentID: d.ID, Image: "web", Config: []byte{}, ConfigNames: []string{}, Processes: []models.Process{{Name: "web", Port: 8080}}}
	err = h.store.Transact(t.Context(), func(tx *store.Store) error {
		if err := tx.AddRelease(t.Context(), release); err != nil {
			return err
		}
		return tx.SetLive(t.Context(), app.ID, release.Version)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNodesShowWhatRuns: everybody sees the nodes, and of the instances only
// those of apps that they see.
func TestNodesShowWhatRuns(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	owner.post("/api/v1/clusters", map[string]any{"name": "far", "kind": "swarm"}).want(201)
	app := owner.post("/api/v1/apps", map[string]any{"name": "hello"}).want(201).text("id")
	h.far.AddImage("web", memory.Serve)
	cluster := memory.New(h.far, "test")
	w := deployer.Workload{ID: deployer.WorkloadID{App: app, Process: "web", Release: 1}, AppName: "hello", Image: "web", Port: 8080, Instances: 2}
	if err := cluster.Ensure(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if err := cluster.WaitHealthy(t.Context(), w.ID); err != nil {
		t.Fatal(err)
	}
	seen := owner.get("/api/v1/clusters/far").want(200)
	if !strings.Contains(string(seen.body), `"instances":2`) || !strings.Contains(string(seen.body), `{"app":"hello","process":"web","release":1,"healthy":[1,2]}`) {
		t.Errorf("%s", seen.body)
	}
	hidden := h.member(t, "m@example.com").get("/api/v1/clusters/far").want(200)
	if !strings.Contains(string(hidden.body), `"instances":2`) || strings.Contains(string(hidden.body), "hello") {
		t.Errorf("%s", hidden.body)
	}
}
