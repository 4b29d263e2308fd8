package git

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slipway-paas/slipway/models"
)

var (
	none = strings.Repeat("0", 40)
	one  = strings.Repeat("1", 40)
	two  = strings.Repeat("2", 40)
)

func TestDecide(t *testing.T) {
	main := update{none, one, "refs/heads/main"}
	for what, test := range map[string]struct {
		tracked string
		updates []update
		deploys string // the ref that is deployed
		branch  string
		notes   int
		wrong   string
	}{
		"the first branch":      {"", []update{{none, one, "refs/heads/trunk"}}, "refs/heads/trunk", "trunk", 0, ""},
		"main of several":       {"", []update{{none, one, "refs/heads/a"}, {none, one, "refs/heads/master"}, main}, "refs/heads/main", "main", 2, ""},
		"master of several":     {"", []update{{none, one, "refs/heads/a"}, {none, one, "refs/heads/master"}}, "refs/heads/master", "master", 1, ""},
		"the tracked one":       {"main", []update{main, {none, two, "refs/tags/v1"}}, "refs/heads/main", "main", 1, ""},
		"another":               {"main", []update{{none, one, "refs/heads/next"}}, "", "main", 1, ""},
		"a tag first":           {"", []update{{none, one, "refs/tags/v1"}}, "", "", 1, ""},
		"a tag named like it":   {"main", []update{{none, one, "refs/tags/main"}}, "", "main", 1, ""},
		"another deleted":       {"main", []update{{one, none, "refs/heads/next"}}, "", "main", 0, ""},
		"deletion alone, first": {"", []update{{one, none, "refs/heads/next"}}, "", "", 0, ""},
		"the tracked, deleted":  {"main", []update{{one, none, "refs/heads/main"}}, "", "", 0, "cannot be deleted"},
		"twice":                 {"main", []update{main, main}, "", "", 0, "twice"},
		"elsewhere":             {"main", []update{main, {none, one, "refs/for/main"}}, "", "", 0, "cannot be pushed"},
		"HEAD":                  {"main", []update{{none, one, "refs/heads/HEAD"}}, "", "", 0, "git uses this name"},
	} {
		got, err := decide(test.tracked, test.updates)
		if test.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		deploys := ""
		if got.deploy != nil {
			deploys = got.deploy.ref
		}
		if err != nil || deploys != test.deploys || got.branch != test.branch || len(got.notes) != test.notes {
			t.Errorf("%s: %+v deploys %q, %v", what, got, deploys, err)
		}
	}
}

func TestCheckRef(t *testing.T) {
	for _, ref := range []string{"refs/heads/main", "refs/heads/feature/one", "refs/tags/v1.2.3", "refs/heads/grün", "refs/heads/a@b"} {
		if err := checkRef(ref); err != nil {
			t.Error(err)
		}
	}
	for _, ref := range []string{
		"", "HEAD", "refs/heads/", "refs/heads", "refs/heads//x", "refs/heads/x/", "refs/heads/.x", "refs/heads/x.lock", "refs/heads/a..b",
		"refs/heads/a b", "refs/heads/a\tb", "refs/heads/a~1", "refs/heads/a^", "refs/heads/a:b", "refs/heads/a?", "refs/heads/[a", `refs/heads/a\b`,
		"refs/heads/-f", "refs/heads/@", "refs/heads/a@{1}", "refs/heads/a.", "refs/heads/\xff", "refs/remotes/o/main", "refs/tags/../x",
		"refs/heads/" + strings.Repeat("x", 201), "refs/heads/a\u0085b",
	} {
		if err := checkRef(ref); models.KindOf(err) != models.KindInvalid {
			t.Errorf("%q: %v", ref, err)
		}
	}
}

// Whatever git is made to hand over, a push that is allowed names only refs and
// objects that are safe to pass on.
func FuzzDecide(f *testing.F) {
	f.Add("main", none+" "+one+" refs/heads/main\n")
	f.Add("", one+" "+none+" refs/heads/main\n"+none+" "+one+" refs/tags/v1\n")
	f.Add("main", none+" "+one+" refs/heads/ma\x00in\n")
	f.Add("main", "x y z\n")
	f.Add("", "\n")
	f.Fuzz(func(t *testing.T, tracked, text string) {
		updates, err := parseUpdates(text)
		if err != nil {
			return
		}
		decided, err := decide(tracked, updates)
		if err != nil {
			return
		}
		for _, u := range updates {
			if !isHash(u.old) || !isHash(u.new) || !utf8.ValidString(u.ref) || strings.ContainsAny(u.ref, "\x00\n ") || strings.Contains(u.ref, "..") {
				t.Fatalf("allowed %+v", u)
			}
		}
		if decided.deploy != nil && (decided.deploy.ref != heads+decided.branch || decided.deploy.deletes()) {
			t.Fatalf("deploys %+v of %q", decided.deploy, decided.branch)
		}
	})
}

func TestParseObject(t *testing.T) {
	commit := "tree " + one + "\nauthor Ann <ann@example.com> 1 +0000\n\n\nSay hello  \n\nLoudly.\n"
	kind, content, err := parseObject(fmt.Appendf(nil, "%s commit %d\n%s\n", one, len(commit), commit), one)
	if err != nil || kind != "commit" || parseSubject(content) != "Say hello" {
		t.Errorf("%s, %q, %v", kind, parseSubject(content), err)
	}
	for _, out := range []string{"", one + " missing\n", two + " commit 1\nx\n", one + " commit 99\nx\n", one + " commit -1\nx\n"} {
		if _, _, err := parseObject([]byte(out), one); err == nil {
			t.Errorf("%q is taken", out)
		}
	}
}

func FuzzParseObject(f *testing.F) {
	f.Add([]byte(one + " commit 3\n\n\nx\n"))
	f.Add([]byte(one + " missing\n"))
	f.Fuzz(func(t *testing.T, out []byte) {
		_, content, err := parseObject(out, one)
		if err != nil {
			return
		}
		if line := parseSubject(content); !utf8.ValidString(line) || strings.ContainsAny(line, "\n\x00") || len(line) > 210 {
			t.Fatalf("%q", line)
		}
	})
}

func TestQuarantineStaysInside(t *testing.T) {
	if env, err := quarantine("/r/a.git", "/r/a.git/objects/tmp_objdir-incoming-x"); err != nil || len(env) != 3 {
		t.Errorf("%v, %v", env, err)
	}
	if env, err := quarantine("/r/a.git", ""); err != nil || env != nil {
		t.Errorf("%v, %v", env, err)
	}
	for _, folder := range []string{"/etc", "objects/x", "/r/b.git/objects/x", "/r/a.git/objects/../../b.git/objects/x", "/r/a.git/objects"} {
		if _, err := quarantine("/r/a.git", folder); err == nil {
			t.Errorf("%s is taken", folder)
		}
	}
	if got := listed(`/a:b"c`); got != `"/a:b\"c"` {
		t.Errorf("got %s", got)
	}
}
