package registry_test

import (
	"strings"
	"testing"

	"github.com/distribution/reference"

	"github.com/slipway-paas/slipway/server/registry"
	"github.com/slipway-paas/slipway/server/secrets"
)

func TestParseScopes(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "",
		"repository:a/b:pull":                   "a/b pull",
		"repository:a/b:push,pull,push":         "a/b push,pull",
		"repository:a/b:pull repository:c:push": "a/b pull;c push",
		"repository:a/b:*":                      "",
		"repository:a/b:":                       "",
		"repository:a/b":                        "",
		"repository:a/B:pull":                   "",
		"repository:a//b:pull":                  "",
		"repository:../b:pull":                  "",
		"repository:h:5000/b:pull":              "h:5000/b pull",
		"registry:catalog:*":                    "",
		"repository(plugin):a/b:pull":           "",
		"repository::pull":                      "",
	} {
		var got []string
		for _, scope := range registry.ParseScopes([]string{text}) {
			got = append(got, scope.Name+" "+strings.Join(scope.Actions, ","))
		}
		if strings.Join(got, ";") != want {
			t.Errorf("%q gave %v, want %q", text, got, want)
		}
	}
	if many := registry.ParseScopes([]string{strings.Repeat("repository:a/b:pull ", 1000)}); len(many) > 50 {
		t.Errorf("%d scopes were read", len(many))
	}
}

func FuzzParseScopes(f *testing.F) {
	for _, seed := range []string{"", "repository:a/b:pull,push", "repository:h:5000/b:pull x", "registry:catalog:*", ":::", "repository:a\x00:pull", "repository:é:pull"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, scope := range registry.ParseScopes([]string{text}) {
			if _, err := reference.WithName(scope.Name); err != nil || scope.Type != "repository" || len(scope.Actions) == 0 || len(scope.Actions) > 2 {
				t.Fatalf("%q gave %+v", text, scope)
			}
		}
	})
}

func FuzzTokenHolder(f *testing.F) {
	box, err := secrets.New(strings.Repeat("01", 32))
	ok(f, err)
	s, err := registry.New(registry.Options{Installation: "fuzz", Keys: box})
	ok(f, err)
	for _, seed := range []string{
		"", "Bearer", "Bearer ", "Bearer x.y.z", "Basic eDp5", "bearer eyJhbGciOiJub25lIn0.e30.", "Bearer eyJhbGciOiJFZERTQSJ9.e30.AAAA",
		"Bearer eyJhbGciOiJIUzI1NiIsImp3ayI6eyJrdHkiOiJvY3QiLCJrIjoiYSJ9fQ.e30.AAAA",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, authorization string) {
		if holder := s.TokenHolder(authorization); holder != "" {
			t.Fatalf("%q is a token of %s", authorization, holder)
		}
	})
}

func FuzzSplit(f *testing.F) {
	content := "@sha256:" + strings.Repeat("0", 64)
	for _, seed := range []string{"", "a/b" + content, "h:5000/a/b" + content, "h/a:t" + content, "h/a:t", "h/A" + content, "@", content, "h/a@sha512:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		host, path, digest, split := registry.Split(text)
		if split && (host == "" || path == "" || digest.Validate() != nil || !strings.HasPrefix(text, host+"/"+path)) {
			t.Fatalf("%q gave %q, %q, %q", text, host, path, digest)
		}
	})
}
