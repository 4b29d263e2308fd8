package api

import (
	"testing"

	"github.com/slipway-paas/slipway/models"
)

func TestExamples(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	owner.create("hello")
	const path = "/api/v1/apps/hello/deployments"

	for _, body := range []any{
		map[string]any{"example": "../static-site"},
		map[string]any{"example": "none"},
		map[string]any{"example": "spa", "image": "nginx"},
	} {
		owner.post(path, body).problem(422, models.KindInvalid)
	}
	owner.post("/api/v1/apps/nobody/deployments", map[string]any{"example": "spa"}).problem(404, models.KindNotFound)
	if r := owner.get(path).want(200); len(r.items()) != 0 {
		t.Errorf("what was refused left %s", r.body)
	}

	offered := owner.get("/api/v1/examples").want(200).items()
	if len(offered) < 3 {
		t.Fatalf("%v", offered)
	}
	for _, item := range offered {
		example := item.(map[string]any)
		d := owner.post(path, map[string]any{"example": example["name"]}).want(202)
		if d.text("trigger") != "upload" || d.text("commit_message") != example["title"] {
			t.Errorf("%s", d.body)
		}
	}
	named := owner.post(path, map[string]any{"example": "spa", "description": "My own words"}).want(202)
	if named.text("commit_message") != "My own words" {
		t.Errorf("%s", named.body)
	}
}
