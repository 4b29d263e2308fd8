package cli

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/models"
)

// newCLI makes a cli whose environment is just what is given, and what it
// writes.
func newCLI(t *testing.T, stdin string, environment map[string]string) (c *cli, out, errOut *bytes.Buffer) {
	t.Helper()
	out, errOut = &bytes.Buffer{}, &bytes.Buffer{}
	return &cli{
		Streams: Streams{In: strings.NewReader(stdin), Out: out, Err: errOut},
		version: "test",
		getenv:  func(name string) string { return environment[name] },
	}, out, errOut
}

func TestServerURL(t *testing.T) {
	for typed, want := range map[string]string{
		"https://slipway.example.com":   "https://slipway.example.com",
		"https://Slipway.Example.com/":  "https://slipway.example.com",
		" slipway.example.com ":         "https://slipway.example.com",
		"localhost:8000":                "http://localhost:8000",
		"127.0.0.1:8000":                "http://127.0.0.1:8000",
		"http://[::1]:8000":             "http://[::1]:8000",
		"":                              "",
		"ftp://example.com":             "",
		"https://me:secret@example.com": "",
		"https://example.com/path":      "",
		"https://example.com?x=1":       "",
		"https://":                      "",
		"://":                           "",
	} {
		got, err := serverURL(typed)
		if (err != nil) != (want == "") || got != want {
			t.Errorf("serverURL(%q) = %q, %v; want %q", typed, got, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error repeats a password: %v", err)
		}
	}
}

func FuzzServerURL(f *testing.F) {
	for _, seed := range []string{"https://slipway.example.com", "localhost:8000", "[::1]", "http://a b", "http://x/%zz", "::", "http://me@x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		got, err := serverURL(typed)
		if err != nil {
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.Host == "" || u.User != nil || u.Path != "" || (u.Scheme != "http" && u.Scheme != "https") {
			t.Errorf("serverURL(%q) = %q", typed, got)
		}
		if again, err := serverURL(got); err != nil || again != got {
			t.Errorf("serverURL(%q) = %q, %v", got, again, err)
		}
	})
}

func TestAppOf(t *testing.T) {
	const server = "https://slipway.example.com"
	for remote, want := range map[string]string{
		"https://slipway.example.com/hello.git":           "hello",
		"https://slipway.example.com/hello":               "hello",
		"https://me:secret@slipway.example.com/hello.git": "hello",
		"https://SLIPWAY.example.com/hello.git":           "hello",
		"http://slipway.example.com/hello.git":            "",
		"https://github.com/you/hello.git":                "",
		"https://slipway.example.com/you/hello.git":       "",
		"git@github.com:you/hello.git":                    "",
		"../hello.git":                                    "",
		"https://slipway.example.com/-rf.git":             "",
	} {
		if got := appOf(server, remote); got != want {
			t.Errorf("appOf(%q) = %q, want %q", remote, got, want)
		}
	}
}

func FuzzAppOf(f *testing.F) {
	f.Add("https://slipway.example.com", "https://slipway.example.com/hello.git")
	f.Add("https://slipway.example.com", "git@github.com:you/hello.git")
	f.Add("http://[::1]:8000", "http://[::1]:8000/a--b.git")
	f.Fuzz(func(t *testing.T, server, remote string) {
		if name := appOf(server, remote); name != "" && models.CheckAppName(name) != nil {
			t.Errorf("appOf(%q, %q) = %q, which is no app's name", server, remote, name)
		}
	})
}

func FuzzParseScale(f *testing.F) {
	for _, seed := range []string{"web=2", "web=-1", "web", "=1", "web=1=2", "web=99999999999", "Web=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, word string) {
		wanted, err := parseScale([]string{word})
		if err != nil {
			return
		}
		for process, n := range wanted {
			if models.CheckProcessName(process) != nil || n < 0 {
				t.Errorf("parseScale(%q) = %v", word, wanted)
			}
		}
	})
}

func TestCredentialsPreferTheEnvironment(t *testing.T) {
	home := t.TempDir()
	c, _, _ := newCLI(t, "", map[string]string{"HOME": home})
	err := c.writeLogins(logins{URL: "https://a.example.com", Servers: map[string]login{
		"https://a.example.com": {Token: "slw_a"}, "https://b.example.com": {Token: "slw_b"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(home, ".config", "slipway", "config.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the stored login: %v, %v", info, err)
	}
	for _, test := range []struct {
		name, url, token, wantURL, wantToken string
	}{
		{"stored", "", "", "https://a.example.com", "slw_a"},
		{"another server that was signed in to", "https://b.example.com/", "", "https://b.example.com", "slw_b"},
		{"a server without a login gets no other's token", "https://c.example.com", "", "https://c.example.com", ""},
		{"both given", "https://c.example.com", "slw_c", "https://c.example.com", "slw_c"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, _, _ := newCLI(t, "", map[string]string{"HOME": home, "SLIPWAY_URL": test.url, "SLIPWAY_TOKEN": test.token})
			address, token, err := c.credentials()
			if err != nil || address != test.wantURL || token != test.wantToken {
				t.Errorf("got %q %q %v", address, token, err)
			}
		})
	}
}

func TestADamagedLoginSaysWhatToDo(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, ".config", "slipway", "config.json")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, _ := newCLI(t, "", map[string]string{"HOME": home})
	_, _, err := c.credentials()
	f := explain(context.Background(), err)
	if f.code != exitFailed || !strings.Contains(f.hint, "slipway login") {
		t.Errorf("got %d %q %q", f.code, f.message, f.hint)
	}
}
