package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/logs"
)

func TestLogDownload(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	app := h.app(t, "hello", ownerEmail)
	stream := logs.AppStream(app.ID)
	const path = "/api/v1/apps/hello/logs/download"
	if r := owner.get(path).want(200); len(r.body) != 0 || r.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("an empty log is %q, %v", r.body, r.header)
	}
	h.say(t, stream, 1, 1000)
	_, err := h.logs.Append(stream,
		logs.Line{Source: logs.SourceApp, Process: "worker", Instance: "hello.worker.v1.2", Stream: "stderr", Text: "\x1b[31mred\x1b[0m"},
		logs.Line{Source: logs.SourceRouter, Text: "GET /"})
	if err != nil {
		t.Fatal(err)
	}
	r := owner.get(path).want(200)
	lines := strings.Split(strings.TrimSuffix(string(r.body), "\n"), "\n")
	if len(lines) != 1002 || !strings.HasSuffix(lines[0], "Z app line 1") || !strings.HasSuffix(lines[999], " line 1000") || !strings.HasSuffix(lines[1000], " app/hello.worker.v1.2 red") {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
	if got := r.header.Get("Content-Disposition"); got != `attachment; filename="hello.log"` {
		t.Errorf("the file is named %s", got)
	}
	for query, want := range map[string]string{
		"?process=worker":                " red\n",
		"?instance=worker.2&ansi=keep":   "\x1b[31mred\x1b[0m\x1b[0m\n",
		"?stream=stderr&process=worker":  " red\n",
		"?stream=stdout&process=worker":  "",
		"?instance=nobody&format=jsonl":  "",
		"?process=worker&format=jsonl":   `"text":"\u001b[31mred\u001b[0m"}` + "\n",
		"?instance=hello.worker.v1.2":    " red\n",
		"?process=worker&instance=web.1": "",
	} {
		r := owner.get(path + query).want(200)
		if !strings.HasSuffix(string(r.body), want) || strings.Count(string(r.body), "\n") != strings.Count(want, "\n") {
			t.Errorf("%s: %q", query, r.body)
		}
	}
	r = owner.get(path + "?format=jsonl").want(200)
	all := bufio.NewScanner(strings.NewReader(string(r.body)))
	n := int64(0)
	for all.Scan() {
		var line logs.Line
		if err := json.Unmarshal(all.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if n++; line.Seq != n {
			t.Fatalf("line %d comes after %d", line.Seq, n-1)
		}
	}
	if n != 1002 || r.header.Get("Content-Type") != "application/jsonl" || !strings.Contains(r.header.Get("Content-Disposition"), `"hello.jsonl"`) {
		t.Errorf("%d documents, %v", n, r.header)
	}
	owner.get(path+"?format=xml").problem(422, models.KindInvalid)
	owner.get("/api/v1/apps/nobody/logs/download").problem(404, models.KindNotFound)
	h.member(t, "m@example.com").get(path).problem(404, models.KindNotFound)
	h.nobody(t).get(path).problem(401, models.KindUnauthenticated)
}

func TestDeploymentLogDownload(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	owner.create("hello")
	d := owner.post("/api/v1/apps/hello/deployments", map[string]any{"image": "registry.example.com/hello:1"}).want(202)
	if _, err := h.logs.Append(logs.DeploymentStream(d.text("id")), logs.Line{Source: logs.SourceBuild, Text: "built"}); err != nil {
		t.Fatal(err)
	}
	r := owner.get("/api/v1/apps/hello/deployments/1/logs/download").want(200)
	if !strings.HasSuffix(string(r.body), " build built\n") || r.header.Get("Content-Disposition") != `attachment; filename="hello-deployment-1.log"` {
		t.Errorf("%q, %v", r.body, r.header)
	}
	owner.get("/api/v1/apps/hello/deployments/2/logs/download").problem(404, models.KindNotFound)
}

// Where lines are no longer kept the download says which.
func TestDownloadTellsGaps(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	app := h.app(t, "hello", ownerEmail)
	small, err := logs.Open(t.TempDir(), logs.Options{MaxStreamBytes: 256 << 10, SegmentBytes: 32 << 10}, h.api.deps.Logger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = small.Close() })
	h.api.deps.Logs = small
	const total = 2000
	for range total {
		if _, err := small.Append(logs.AppStream(app.ID), logs.Line{Source: logs.SourceApp, Text: strings.Repeat("x", 1000)}); err != nil {
			t.Fatal(err)
		}
	}
	text := strings.Split(strings.TrimSuffix(string(owner.get("/api/v1/apps/hello/logs/download").want(200).body), "\n"), "\n")
	var from, to int
	if _, err := fmt.Sscanf(text[0], "… lines %d to %d are missing here: no longer kept", &from, &to); err != nil || from != 1 || to+len(text)-1 != total || to == 0 {
		t.Errorf("%v: %q and %d lines", err, text[0], len(text)-1)
	}
	first, _, _ := strings.Cut(string(owner.get("/api/v1/apps/hello/logs/download?format=jsonl").want(200).body), "\n")
	if want := fmt.Sprintf(`{"gap":{"from":1,"to":%d,"reason":"expired"}}`, to); first != want {
		t.Errorf("%s, want %s", first, want)
	}
}
