package models

import (
	"net"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// check fails unless err is nil or a refusal of the sender's input, in words
// that fit into an answer.
func check(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if KindOf(err) != KindInvalid {
		t.Fatalf("%v is of kind %s", err, KindOf(err))
	}
	if message := SafeMessage(err); !utf8.ValidString(message) || len(message) > 400 {
		t.Fatalf("the message is not fit to be shown: %q", message)
	}
}

func TestCheckAppName(t *testing.T) {
	for name, good := range map[string]bool{
		"hello": true, "a1": true, "my-app-2": true, strings.Repeat("a", 40): true,
		"": false, "a": false, strings.Repeat("a", 41): false, "Hello": false, "1st": false, "-a": false, "a-": false,
		"a--b": false, "a_b": false, "a.b": false, "a/b": false, "..": false, "héllo": false, "a b": false, "ab\n": false,
		"api": false, "internal": false, "www": false, "slipway": false,
	} {
		err := CheckAppName(name)
		if (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
		check(t, err)
	}
}

func FuzzCheckAppName(f *testing.F) {
	for _, seed := range []string{"hello", "a--b", "xn--bcher-kva", "é", strings.Repeat("é", 40), "a\x00b", "a\n", "api", "\xff\xfe\xfd"} {
		f.Add(seed)
	}
	label := regexp.MustCompile(`^[a-z0-9-]{1,63}$`)
	f.Fuzz(func(t *testing.T, name string) {
		err := CheckAppName(name)
		check(t, err)
		if err != nil {
			return
		}
		// What is accepted is a DNS label, a file name and no option.
		if !label.MatchString(name) || strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-") || strings.HasPrefix(name, "xn--") {
			t.Fatalf("%q was accepted", name)
		}
		if err := CheckHost(name + ".example.com"); err != nil {
			t.Fatalf("%q makes no host: %v", name, err)
		}
	})
}

func TestCheckHost(t *testing.T) {
	for host, good := range map[string]bool{
		"example.com": true, "a.b.example.com": true, "*.example.com": true, "xn--bcher-kva.example": true, "1and1.com": true,
		"": false, "localhost": false, "*.com": false, "*": false, "a.*.com": false, "example.com.": false, ".example.com": false,
		"Example.com": false, "http://example.com": false, "example.com:80": false, "example.com/x": false, "-a.com": false,
		"a-.com": false, "a..com": false, "exa mple.com": false, strings.Repeat("a", 64) + ".com": false,
		strings.Repeat("a.", 127) + "com": false, "example.com\n": false, "192.0.2.1": false, "bücher.example": false,
	} {
		err := CheckHost(host)
		if (err == nil) != good {
			t.Errorf("%q: %v", host, err)
		}
		check(t, err)
	}
}

func FuzzCheckHost(f *testing.F) {
	for _, seed := range []string{"example.com", "*.example.com", "a..b", "192.0.2.1", "[::1]", "a.b\x00", "xn--a.com", strings.Repeat("a.", 130), "*.*.a", "1.2.3", "é.com"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, host string) {
		err := CheckHost(host)
		check(t, err)
		if err != nil {
			return
		}
		if len(host) > 253 || net.ParseIP(host) != nil || strings.ToLower(host) != host || strings.Count(host, "*") > 1 ||
			strings.Contains(host, "*") && !strings.HasPrefix(host, "*.") {
			t.Fatalf("%q was accepted", host)
		}
		for part := range strings.SplitSeq(strings.TrimPrefix(host, "*."), ".") {
			if part == "" || len(part) > 63 || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
				t.Fatalf("%q was accepted with the part %q", host, part)
			}
		}
	})
}

func TestCheckConfig(t *testing.T) {
	for key, good := range map[string]bool{
		"DATABASE_URL": true, "_x": true, "a1": true, strings.Repeat("A", 200): true, "PORTS": true, "slipway_x": true,
		"": false, "1A": false, "A-B": false, "A B": false, "A=B": false, "A\x00": false, "Ä": false, "A\n": false,
		"PORT": false, "SLIPWAY_APP": false, strings.Repeat("A", 201): false,
	} {
		err := CheckConfig(key, "value")
		if (err == nil) != good {
			t.Errorf("%q: %v", key, err)
		}
		check(t, err)
	}
	for value, good := range map[string]bool{
		"": true, "line\nline": true, "$HOME `x` ; rm": true, strings.Repeat("x", 32<<10): true,
		strings.Repeat("x", 32<<10+1): false, "a\x00b": false, "\xff": false,
	} {
		err := CheckConfig("KEY", value)
		if (err == nil) != good {
			t.Errorf("value %.20q: %v", value, err)
		}
		check(t, err)
		if err != nil && len(value) > 0 && strings.Contains(SafeMessage(err), value) {
			t.Errorf("the message repeats the value: %v", err)
		}
	}
}

func FuzzCheckConfig(f *testing.F) {
	f.Add("KEY", "value")
	f.Add("SLIPWAY_", "")
	f.Add("A=B", "x\x00y")
	f.Add("KEY", "\xff\xfe")
	f.Add(strings.Repeat("é", 100), "x")
	f.Fuzz(func(t *testing.T, key, value string) {
		err := CheckConfig(key, value)
		check(t, err)
		if err != nil {
			return
		}
		// What is accepted is one entry of an environment, and comes out of a
		// JSON object as it went in.
		if key == "" || strings.ContainsAny(key, "=\x00") || strings.ContainsRune(value, 0) || !utf8.ValidString(value) ||
			strings.HasPrefix(key, "SLIPWAY_") || key == "PORT" {
			t.Fatalf("%q=%q was accepted", key, value)
		}
	})
}

func FuzzCheckProcessName(f *testing.F) {
	for _, seed := range []string{"web", "worker-2", "", "Web", "a b", "a/b", "a\x00", strings.Repeat("a", 31)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		err := CheckProcessName(name)
		check(t, err)
		if err == nil && (name == "" || len(name) > 30 || strings.ContainsAny(name, "/ \x00")) {
			t.Fatalf("%q was accepted", name)
		}
	})
}

func TestInstances(t *testing.T) {
	app := App{Scale: map[string]int{"worker": 3, "clock": 0}}
	for process, want := range map[string]int{"web": 1, "worker": 3, "clock": 0, "other": 0} {
		if got := app.Instances(process); got != want {
			t.Errorf("%s: %d instances instead of %d", process, got, want)
		}
	}
	app.Scale["web"] = 0
	if got := app.Instances("web"); got != 0 {
		t.Errorf("web scaled to zero has %d instances", got)
	}
}
