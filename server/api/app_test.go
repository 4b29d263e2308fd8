package api

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/models"
)

func (c *client) create(name string) *reply {
	c.t.Helper()
	return c.post("/api/v1/apps", map[string]any{"name": name}).want(http.StatusCreated)
}

func TestApps(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	if r := owner.get("/api/v1/apps").want(200); strings.TrimSpace(string(r.body)) != `{"items":[],"next_cursor":""}` {
		t.Errorf("no apps: %s", r.body)
	}
	made := owner.create("hello")
	if made.text("name") != "hello" || made.text("status") != "new" || made.header.Get("ETag") != `"1"` ||
		made.text("git_url") != h.url+"/hello.git" || made.value("live_release") != nil {
		t.Errorf("%s %v", made.body, made.header)
	}
	owner.post("/api/v1/apps", map[string]any{"name": "hello"}).problem(409, models.KindConflict)
	for _, name := range []string{"", "a", "Hello", "-x", "a--b", "api", strings.Repeat("x", 41), "a.b", "../etc"} {
		if p := owner.post("/api/v1/apps", map[string]any{"name": name}).problem(422, models.KindInvalid); p.Field != "name" {
			t.Errorf("%q: %+v", name, p)
		}
	}
	owner.get("/api/v1/apps/gone").problem(404, models.KindNotFound)

	for _, name := range []string{"delta", "alpha", "charlie", "bravo"} {
		owner.create(name)
	}
	var names []string
	for cursor, pages := "", 0; ; pages++ {
		r := owner.get("/api/v1/apps?limit=2&cursor=" + cursor).want(200)
		for _, item := range r.items() {
			names = append(names, item.(map[string]any)["name"].(string))
		}
		if cursor = r.text("next_cursor"); cursor == "" {
			if pages != 2 {
				t.Errorf("five apps came in %d pages of two", pages+1)
			}
			break
		}
	}
	if got := strings.Join(names, " "); got != "alpha bravo charlie delta hello" {
		t.Errorf("the pages hold %s", got)
	}
}

func TestEditsHonourETags(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	first := owner.create("hello").header.Get("ETag")
	edited := owner.with("If-Match", first).patch("/api/v1/apps/hello", map[string]any{"branch": "main"}).want(200)
	second := edited.header.Get("ETag")
	if second == first || edited.text("branch") != "main" {
		t.Errorf("%s after %s: %s", second, first, edited.body)
	}
	owner.with("If-Match", first).patch("/api/v1/apps/hello", map[string]any{"branch": "other"}).problem(412, models.KindPrecondition)
	owner.with("If-Match", first).delete("/api/v1/apps/hello?confirm=hello").problem(412, models.KindPrecondition)
	owner.with("If-Match", "nonsense").patch("/api/v1/apps/hello", map[string]any{"branch": "other"}).problem(412, models.KindPrecondition)
	if r := owner.get("/api/v1/apps/hello").want(200); r.text("branch") != "main" || r.header.Get("ETag") != second {
		t.Errorf("%s", r.body)
	}
	owner.delete("/api/v1/apps/hello").problem(422, models.KindInvalid)
	owner.delete("/api/v1/apps/hello?confirm=other").problem(422, models.KindInvalid)
	owner.with("If-Match", second).delete("/api/v1/apps/hello?confirm=hello").want(204)
	owner.get("/api/v1/apps/hello").problem(404, models.KindNotFound)
}

func TestMembersSeeTheirOwnOnly(t *testing.T) {
	h := open(t)
	owner, member := h.owner(t), h.member(t, "m@example.com")
	owner.create("theirs")
	member.create("mine")
	if items := member.get("/api/v1/apps").want(200).items(); len(items) != 1 {
		t.Errorf("the member sees %d apps", len(items))
	}
	if items := owner.get("/api/v1/apps").want(200).items(); len(items) != 2 {
		t.Errorf("the owner sees %d apps", len(items))
	}
	source := map[string]any{"image": "nginx"}
	for _, r := range []*reply{
		member.get("/api/v1/apps/theirs"), member.get("/api/v1/apps/theirs/config"), member.get("/api/v1/apps/theirs/logs"),
		member.get("/api/v1/apps/theirs/instances"), member.get("/api/v1/apps/theirs/releases"), member.get("/api/v1/apps/theirs/domains"),
		member.get("/api/v1/apps/theirs/scale"), member.get("/api/v1/apps/theirs/deployments"), member.get("/api/v1/events?app=theirs"),
		member.patch("/api/v1/apps/theirs", map[string]any{"branch": "x"}), member.delete("/api/v1/apps/theirs?confirm=theirs"),
		member.patch("/api/v1/apps/theirs/config", map[string]any{"set": map[string]string{"A": "b"}}),
		member.patch("/api/v1/apps/theirs/scale", map[string]int{"web": 2}),
		member.post("/api/v1/apps/theirs/deployments", source), member.post("/api/v1/apps/theirs/restart", nil),
		member.post("/api/v1/apps/theirs/rollback", nil), member.post("/api/v1/apps/theirs/webhook-secret", nil),
		member.post("/api/v1/apps/theirs/domains", map[string]any{"host": "a.example.com"}),
		member.post("/api/v1/apps/theirs/sources", "x"),
	} {
		r.problem(404, models.KindNotFound)
	}
	member.post("/api/v1/apps", map[string]any{"name": "theirs"}).problem(409, models.KindConflict)
	for _, item := range member.get("/api/v1/events").want(200).items() {
		if e := item.(map[string]any); e["app"] == "theirs" {
			t.Errorf("the member reads %v", e)
		}
	}
}

func TestConfigAndScaleAreEditedAsTheyWereRead(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	owner.create("hello")
	for path, change := range map[string]any{
		"/api/v1/apps/hello/config": map[string]any{"set": map[string]string{"A": "1"}},
		"/api/v1/apps/hello/scale":  map[string]int{"web": 2},
	} {
		read := owner.get(path).want(200).header.Get("ETag")
		if read == "" {
			t.Fatalf("%s has no ETag", path)
		}
		if again := owner.get(path).want(200).header.Get("ETag"); again != read {
			t.Errorf("%s: reading takes the ETag from %s to %s", path, read, again)
		}
		owner.with("If-Match", read).patch(path, change).want(200)
		owner.with("If-Match", read).patch(path, change).problem(412, models.KindPrecondition)
		owner.with("If-Match", `W/"1"`).patch(path, change).problem(412, models.KindPrecondition)
		owner.with("If-Match", "*").patch(path, change).want(200)
		owner.patch(path, change).want(200)
		if now := owner.get(path).want(200).header.Get("ETag"); now == read {
			t.Errorf("%s: an edit leaves the ETag at %s", path, now)
		}
	}
	// What was refused has changed nothing.
	owner.with("If-Match", `"1"`).patch("/api/v1/apps/hello/config", map[string]any{"set": map[string]string{"LATE": "1"}}).problem(412, models.KindPrecondition)
	if r := owner.get("/api/v1/apps/hello/config"); strings.Contains(string(r.body), "LATE") {
		t.Errorf("%s", r.body)
	}
}

func TestConfigIsForThoseWhoMayReadIt(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	owner.create("hello")
	const secret = "correct-horse-9000"
	changed := owner.token("write").patch("/api/v1/apps/hello/config", map[string]any{"set": map[string]string{"API_KEY": secret, "B": "2"}}).want(200)
	if strings.Contains(string(changed.body), secret) || len(changed.value("names").([]any)) != 2 || changed.value("deployment") != nil {
		t.Errorf("%s", changed.body)
	}
	for _, scopes := range [][]string{{"read"}, {"deploy"}, {"write"}} {
		token := owner.token(scopes...)
		for _, path := range []string{"/apps/hello/config", "/apps/hello", "/apps", "/events", "/apps/hello/releases", "/apps/hello/deployments"} {
			if r := token.get("/api/v1" + path).want(200); strings.Contains(string(r.body), secret) {
				t.Errorf("a token with %v reads it at %s: %s", scopes, path, r.body)
			}
		}
		if r := token.get("/api/v1/apps/hello/config"); r.value("can_read") != false || !strings.Contains(string(r.body), "API_KEY") {
			t.Errorf("%s", r.body)
		}
	}
	for _, c := range []*client{owner, owner.token("read", "secrets"), owner.token("admin")} {
		if r := c.get("/api/v1/apps/hello/config").want(200); !strings.Contains(string(r.body), secret) || r.value("can_read") != true {
			t.Errorf("%s", r.body)
		}
	}
	owner.token("deploy").patch("/api/v1/apps/hello/config", map[string]any{"unset": []string{"B"}}).problem(403, models.KindForbidden)
	for _, set := range []map[string]string{{"1BAD": "x"}, {"PORT": "1"}, {"A-B": "x"}, {"": "x"}, {"BIG": strings.Repeat("x", 33<<10)}} {
		owner.patch("/api/v1/apps/hello/config", map[string]any{"set": set}).problem(422, models.KindInvalid)
	}
	if r := owner.patch("/api/v1/apps/hello/config", map[string]any{"unset": []string{"B"}}).want(200); len(r.value("names").([]any)) != 1 {
		t.Errorf("%s", r.body)
	}
}

func TestScopes(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	owner.create("hello")
	read, deploy, secrets := owner.token("read"), owner.token("deploy"), owner.token("secrets")
	read.get("/api/v1/apps/hello").want(200)
	secrets.get("/api/v1/apps/hello").problem(403, models.KindForbidden)
	read.post("/api/v1/apps/hello/deployments", map[string]any{"image": "nginx"}).problem(403, models.KindForbidden)
	read.patch("/api/v1/apps/hello/scale", map[string]int{"web": 2}).problem(403, models.KindForbidden)
	deploy.patch("/api/v1/apps/hello/scale", map[string]int{"web": 2}).want(200)
	deploy.post("/api/v1/apps", map[string]any{"name": "more"}).problem(403, models.KindForbidden)
	deploy.delete("/api/v1/apps/hello?confirm=hello").problem(403, models.KindForbidden)
	deploy.post("/api/v1/apps/hello/webhook-secret", nil).problem(403, models.KindForbidden)
}

func TestDomainsAndScale(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	owner.create("hello")
	owner.create("other")
	owner.post("/api/v1/apps/hello/domains", map[string]any{"host": "www.example.com"}).want(201)
	owner.post("/api/v1/apps/other/domains", map[string]any{"host": "www.example.com"}).problem(409, models.KindConflict)
	for _, host := range []string{"", "localhost", "a b.example.com", "https://x.example.com", "x.example.com:80", "-.example.com"} {
		owner.post("/api/v1/apps/hello/domains", map[string]any{"host": host}).problem(422, models.KindInvalid)
	}
	domains := owner.get("/api/v1/apps/hello/domains").want(200).items()
	automatic := 0
	for _, item := range domains {
		if item.(map[string]any)["automatic"] == true {
			automatic++
		}
	}
	if len(domains) != 2 || automatic != 1 {
		t.Errorf("%v", domains)
	}
	owner.delete("/api/v1/apps/hello/domains/www.example.com").want(204)
	owner.delete("/api/v1/apps/hello/domains/www.example.com").problem(404, models.KindNotFound)

	if r := owner.patch("/api/v1/apps/hello/scale", map[string]int{"web": 3, "worker": 1}).want(200); r.value("scale", "web") != 3.0 {
		t.Errorf("%s", r.body)
	}
	if r := owner.get("/api/v1/apps/hello/scale").want(200); r.value("worker") != 1.0 {
		t.Errorf("%s", r.body)
	}
	for _, scale := range []any{map[string]int{"web": -1}, map[string]int{"web": 10_000}, map[string]int{"We b": 1}} {
		owner.patch("/api/v1/apps/hello/scale", scale).problem(422, models.KindInvalid)
	}
}

func TestDeployments(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	owner.create("hello")
	const path = "/api/v1/apps/hello/deployments"
	for _, body := range []any{
		map[string]any{},
		map[string]any{"image": "nginx", "source_id": "x"},
		map[string]any{"image": "NOT an image"},
		map[string]any{"source_id": "../../etc/passwd"},
		map[string]any{"source_id": "01h00000000000000000000000"},
	} {
		owner.post(path, body).problem(422, models.KindInvalid)
	}
	owner.post(path, map[string]any{"git": map[string]any{}}).problem(409, models.KindConflict)
	owner.post("/api/v1/apps/hello/rollback", nil).problem(409, models.KindConflict)
	owner.post("/api/v1/apps/hello/restart", nil).problem(409, models.KindConflict)
	if r := owner.get(path).want(200); len(r.items()) != 0 {
		t.Errorf("what was refused left %s", r.body)
	}

	keyed := owner.with("Idempotency-Key", "deploy-1")
	first := keyed.post(path, map[string]any{"image": "nginx:1"}).want(202)
	if first.text("state") != "queued" || first.value("number") != 1.0 || first.text("trigger") != "image" || first.text("created_by") != ownerEmail {
		t.Errorf("%s", first.body)
	}
	if again := keyed.post(path, map[string]any{"image": "nginx:1"}).want(202); again.text("id") != first.text("id") {
		t.Errorf("the same key made %s and %s", first.body, again.body)
	}
	second := owner.post(path, map[string]any{"image": "nginx:2"}).want(202)
	if second.value("queue_position") != 0.0 || second.value("build_position") != 0.0 {
		t.Errorf("%s", second.body)
	}
	// Both waited, so the newer one took the older one's place.
	if r := owner.get(path + "/1").want(200); r.text("state") != "superseded" || r.value("superseded_by") != 2.0 || r.text("reason") != "a newer deployment, #2, came" {
		t.Errorf("%s", r.body)
	}
	if all := owner.get("/api/v1/deployments").want(200).items(); len(all) != 2 || all[0].(map[string]any)["app"] != "hello" {
		t.Errorf("%v", all)
	}

	e := owner.listen(path + "/2/logs/stream")
	if frame := e.next(); frame.Type != "caught_up" {
		t.Errorf("a deployment without a log gives %+v", frame)
	}
	cancelled := owner.post(path+"/2/cancel", nil).want(202)
	if cancelled.text("state") != "cancelled" {
		t.Errorf("%s", cancelled.body)
	}
	var end LogFrame
	lines := 0
	for end = e.next(); end.Type != "end"; end = e.next() {
		lines += len(end.Lines)
	}
	if end.State != "cancelled" || lines != 1 {
		t.Errorf("the stream ends with %+v after %d lines", end, lines)
	}
	e.closed(1000)
	// Who comes after the end gets all of it and the end at once.
	late := owner.listen(path + "/2/logs/stream")
	var types []string
	for frame := late.next(); ; frame = late.next() {
		types = append(types, frame.Type)
		if frame.Type == "end" {
			break
		}
	}
	if got := strings.Join(types, " "); got != "lines caught_up end" && got != "lines end" {
		t.Errorf("the late one gets %s", got)
	}
	owner.post(path+"/2/cancel", nil).problem(409, models.KindConflict)
	if r := owner.post(path+"/2/retry", nil).want(202); r.value("number") != 3.0 || r.text("image") != "nginx:2" {
		t.Errorf("%s", r.body)
	}
	owner.post(path+"/3/retry", nil).problem(409, models.KindConflict)
	owner.get(path+"/9").problem(404, models.KindNotFound)
	one := owner.get(path + "?limit=1").want(200)
	if len(one.items()) != 1 || one.items()[0].(map[string]any)["number"] != 3.0 || one.text("next_cursor") == "" {
		t.Errorf("%s", one.body)
	}
}

func packed(t *testing.T, files map[string]string) string {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	pack := tar.NewWriter(zip)
	for name, content := range files {
		if err := pack.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := pack.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if pack.Close() != nil || zip.Close() != nil {
		t.Fatal("cannot pack")
	}
	return out.String()
}

func TestUploads(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	owner.create("hello")
	const path = "/api/v1/apps/hello/sources"
	up := owner.with("Content-Type", "application/gzip")
	made := up.post(path, packed(t, map[string]string{"index.html": "<h1>hello</h1>"})).want(201)
	d := owner.post("/api/v1/apps/hello/deployments", map[string]any{"source_id": made.text("source_id"), "description": "by hand"}).want(202)
	if made.value("files") != 1.0 {
		t.Errorf("%s", made.body)
	}
	if d.text("trigger") != "upload" || d.text("commit_message") != "by hand" {
		t.Errorf("%s", d.body)
	}
	up.post(path, "this is no tar").problem(422, models.KindInvalid)
	up.post(path, packed(t, nil)).problem(422, models.KindInvalid)
	up.post(path, packed(t, map[string]string{"../outside": "x"})).problem(422, models.KindInvalid)
	up.post(path, strings.Repeat("x", maxSource+1)).problem(413, models.KindTooLarge)
	owner.token("read").with("Content-Type", "application/gzip").post(path, "x").problem(403, models.KindForbidden)
}

func TestEventsSayWhoDidWhat(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	owner.create("hello")
	owner.patch("/api/v1/apps/hello/config", map[string]any{"set": map[string]string{"KEY": "value-nobody-reads"}}).want(200)
	r := owner.get("/api/v1/events?app=hello").want(200)
	if len(r.items()) < 2 || strings.Contains(string(r.body), "value-nobody-reads") {
		t.Errorf("%s", r.body)
	}
	for _, item := range r.items() {
		e := item.(map[string]any)
		if e["actor"] != ownerEmail || e["ip"] != "127.0.0.1" || e["app"] != "hello" {
			t.Errorf("%v", e)
		}
	}
	seen := map[string]bool{}
	cursor := ""
	for {
		p := owner.get(fmt.Sprintf("/api/v1/events?limit=1&cursor=%s", cursor)).want(200)
		for _, item := range p.items() {
			id := item.(map[string]any)["id"].(string)
			if seen[id] {
				t.Fatalf("event %s comes twice", id)
			}
			seen[id] = true
		}
		if cursor = p.text("next_cursor"); cursor == "" {
			break
		}
	}
	if all := owner.get("/api/v1/events?limit=200").want(200).items(); len(all) != len(seen) {
		t.Errorf("%d events in pages, %d at once", len(seen), len(all))
	}
}

func TestEventsOfOnePersonOrKind(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	owner.create("hello")
	owner.patch("/api/v1/apps/hello/config", map[string]any{"set": map[string]string{"KEY": "1"}}).want(200)
	for query, want := range map[string][]string{
		"app=hello":                                {"config.set", "app.create"},
		"app=hello&action=config":                  {"config.set"},
		"app=hello&action=app.create":              {"app.create"},
		"app=hello&action=app.cre":                 {},
		"app=hello&action=%25":                     {},
		"action=config&actor=" + ownerEmail:        {"config.set"},
		"app=hello&actor=somebody%40example.com":   {},
		"app=hello&action=app&actor=" + ownerEmail: {"app.create"},
	} {
		got := []string{}
		for _, item := range owner.get("/api/v1/events?" + query).want(200).items() {
			got = append(got, item.(map[string]any)["action"].(string))
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s gives %q, not %q", query, got, want)
		}
	}
}

func TestWebhookSecretIsShownOnce(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	owner.create("hello")
	r := owner.post("/api/v1/apps/hello/webhook-secret", nil).want(201)
	if r.text("url") != h.url+"/webhooks/github/hello" || len(r.text("secret")) < 20 {
		t.Errorf("%s", r.body)
	}
	if app := owner.get("/api/v1/apps/hello").want(200); strings.Contains(string(app.body), r.text("secret")) {
		t.Errorf("%s", app.body)
	}
}
