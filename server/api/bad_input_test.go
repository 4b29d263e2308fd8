package api

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/models"
)

func TestBadInputIsAProblem(t *testing.T) {
	h := open(t)
	owner := h.owner(t)
	invalid, big := models.KindInvalid, strings.Repeat("x", 2<<20)
	for _, c := range []struct {
		what, method, path string
		body               any
		status             int
		kind               models.Kind
	}{
		{"not JSON", "POST", "/api/v1/tokens", "{", 400, invalid},
		{"no body", "POST", "/api/v1/tokens", nil, 400, invalid},
		{"JSON of another shape", "POST", "/api/v1/tokens", "[1,2]", 422, invalid},
		{"null", "POST", "/api/v1/tokens", "null", 422, invalid},
		{"a field too many", "POST", "/api/v1/tokens", map[string]any{"name": "x", "scopes": []string{"read"}, "admin": true}, 422, invalid},
		{"a wrong type", "POST", "/api/v1/tokens", map[string]any{"name": 7, "scopes": "read"}, 422, invalid},
		{"a NUL in a text", "POST", "/api/v1/tokens", `{"name":"a\u0000b","scopes":["read"]}`, 400, invalid},
		{"a NUL in a nested key", "PATCH", "/api/v1/apps/hello/config", `{"set":{"A\u0000":"x"}}`, 400, invalid},
		{"a body over the limit", "POST", "/api/v1/tokens", `{"name":"` + big + `"}`, 413, models.KindTooLarge},
		{"a limit that is none", "GET", "/api/v1/apps?limit=0", nil, 422, invalid},
		{"a limit too high", "GET", "/api/v1/apps?limit=1000", nil, 422, invalid},
		{"a limit in words", "GET", "/api/v1/apps?limit=many", nil, 422, invalid},
		{"an unknown parameter", "GET", "/api/v1/apps?order=asc", nil, 422, invalid},
		{"a NUL in the path", "GET", "/api/v1/apps/a%00b", nil, 400, invalid},
		{"bytes that are no text", "GET", "/api/v1/apps/%ff%fe", nil, 400, invalid},
		{"a NUL in the query", "GET", "/api/v1/apps?cursor=%00", nil, 400, invalid},
		{"a number in words", "GET", "/api/v1/apps/hello/deployments/first", nil, 422, invalid},
		{"a number over all", "GET", "/api/v1/apps/hello/deployments/99999999999999999999", nil, 422, invalid},
		{"nothing there", "GET", "/api/v1/nothing", nil, 404, models.KindNotFound},
		{"nothing there, outside v1", "GET", "/api/v2/apps", nil, 404, models.KindNotFound},
		{"a method that is not", "PUT", "/api/v1/session", "{}", 405, invalid},
		{"a dashboard that cannot be posted to", "POST", "/apps", "{}", 405, invalid},
	} {
		t.Run(c.what, func(t *testing.T) {
			client := &client{t: t, h: h, headers: owner.headers}
			p := client.do(c.method, c.path, c.body).problem(c.status, c.kind)
			if strings.Contains(p.Detail, "goroutine") || strings.Contains(p.Detail, "huma") {
				t.Errorf("the detail tells of the inside: %s", p.Detail)
			}
		})
	}
	p := owner.with("Content-Type", "text/plain").post("/api/v1/tokens", "hello").want(415)
	if p.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s", p.body)
	}
}

func TestValidationNeverRepeatsWhatWasSent(t *testing.T) {
	h := open(t)
	for _, body := range []any{
		`{"email":"a@example.com","password":"hunter2hunter2","extra":1}`,
		`{"email":7,"password":"hunter2hunter2"}`,
		`{"email":"a@example.com","password":"hunter2hunter2"`,
		`{"email":"a@example.com","password":["hunter2hunter2"]}`,
	} {
		r := h.nobody(t).post("/api/v1/session", body)
		if r.status < 400 || strings.Contains(string(r.body), "hunter2") {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
}

func TestNobodyIsAskedToSignInFirst(t *testing.T) {
	h := open(t)
	h.owner(t)
	for path, item := range h.api.huma.OpenAPI().Paths {
		path = strings.NewReplacer("{app}", "hello", "{number}", "1", "{version}", "1", "{host}", "a.example.com", "{id}", "x").Replace(path)
		ops := map[string]bool{"GET": item.Get != nil, "POST": item.Post != nil, "PATCH": item.Patch != nil, "DELETE": item.Delete != nil}
		for method, there := range ops {
			public := strings.HasPrefix(path, "/api/v1/setup") || strings.HasPrefix(path, "/api/v1/join") || path == "/api/v1/session/link" || (path == "/api/v1/session" && method != "GET")
			if !there || public {
				continue
			}
			// Before the body is looked at: who is nobody learns nothing.
			r := h.nobody(t).do(method, path, "{")
			r.problem(http.StatusUnauthorized, models.KindUnauthenticated)
		}
	}
}

func FuzzGivenID(f *testing.F) {
	f.Add("abc-123")
	f.Add("a\r\nSet-Cookie: x=y")
	f.Add(strings.Repeat("a", 65))
	f.Fuzz(func(t *testing.T, id string) {
		got := givenID(id)
		if got == "" || len(got) > 64 || strings.ContainsAny(got, "\r\n \"<>") {
			t.Errorf("%q gives %q", id, got)
		}
	})
}

func FuzzPrecondition(f *testing.F) {
	f.Add(`"12"`)
	f.Add(`*`)
	f.Add(`W/"1", "2"`)
	f.Add(`"-1"`)
	f.Fuzz(func(t *testing.T, tag string) {
		revision, err := Precondition{IfMatch: tag}.revision()
		if revision < 0 || (err != nil && revision != 0) {
			t.Errorf("%q gives %d, %v", tag, revision, err)
		}
		if err == nil && revision > 0 && strings.TrimSpace(tag) != etag(revision) && !strings.Contains(tag, "+") && !strings.Contains(tag, `"0`) {
			t.Errorf("%q passes for %s", tag, etag(revision))
		}
	})
}

func FuzzAccepts(f *testing.F) {
	f.Add("gzip, br;q=0", "br")
	f.Add("br; q=0.5", "br")
	f.Add(";;;,,q=", "gzip")
	f.Fuzz(func(t *testing.T, header, encoding string) {
		if accepts(header, encoding) && !strings.Contains(strings.ToLower(header), strings.ToLower(encoding)) {
			t.Errorf("%q is taken to name %q", header, encoding)
		}
	})
}

func FuzzStrictJSON(f *testing.F) {
	f.Add([]byte(`{"a":["b",{"c\u0000":1}]}`))
	f.Add([]byte(`"\\u0000"`))
	f.Add([]byte(`[[[[null]]]]`))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v any
		err := strictJSON.Unmarshal(data, &v)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := strictJSON.Marshal(&out, v); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ReplaceAll(out.String(), `\\`, ""), `\u0000`) {
			t.Errorf("a NUL passes: %q", data)
		}
	})
}
