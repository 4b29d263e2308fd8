package api

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/models"
)

func TestSameUploadIsKeptOnce(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	owner.create("hello")
	owner.create("other")
	const path = "/api/v1/apps/hello/sources"
	keyed := owner.with("Content-Type", "application/gzip").with("Idempotency-Key", "upload")
	source := packed(t, map[string]string{"index.html": "<h1>hello</h1>"})

	keyed.post(path, "this is no tar").problem(422, models.KindInvalid) // which frees the key
	first := keyed.post(path, source).want(201)
	again := keyed.post(path, source).want(201)
	if first.text("source_id") != again.text("source_id") || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("first %s, then %s", first.body, again.body)
	}
	keyed.post(path, packed(t, map[string]string{"index.html": "<h1>other</h1>"})).problem(422, models.KindInvalid)
	keyed.post("/api/v1/apps/other/sources", source).problem(422, models.KindInvalid)
	if fresh := owner.with("Content-Type", "application/gzip").post(path, source).want(201); fresh.text("source_id") == first.text("source_id") {
		t.Error("without a key it is the same source")
	}
}

// What says to be too large is answered before any of it is sent.
func TestTooLargeIsRefusedUnread(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	owner.create("hello")
	for path, most := range map[string]int64{
		"/api/v1/apps/hello/sources":      maxSource,
		"/api/v1/apps/hello/deployments":  1 << 20,
		"/api/v1/apps":                    1 << 20,
		"/api/v1/session":                 1 << 20,
		"/api/v1/apps/hello/config#PATCH": 1 << 20,
	} {
		path, method, _ := strings.Cut(path, "#")
		if method == "" {
			method = http.MethodPost
		}
		for _, key := range []string{"", "Idempotency-Key: large\r\n"} {
			conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: slipway\r\nCookie: %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n",
				method, path, owner.headers.Get("Cookie"), key, most+1)
			if err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusRequestEntityTooLarge || res.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %s, %s", path, res.Status, res.Header.Get("Content-Type"))
			}
		}
	}
}
