package logs_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/server/logs"
)

func TestMask(t *testing.T) {
	m := logs.NewMask("hunter22", "hunter22-and-more", "short", "-----BEGIN KEY-----\nAAAABBBBCCCC\n-----END KEY-----\n", "éclair-secret")
	for in, want := range map[string]string{
		"password is hunter22.":        "password is ••••.",
		"hunter22-and-more":            "••••",
		"hunter22-and-mor":             "••••-and-mor",
		"hunter22hunter22":             "••••••••",
		"hunter2":                      "hunter2",
		"short stays":                  "short stays",
		"a key line AAAABBBBCCCC here": "a key line •••• here",
		"un éclair-secret":             "un ••••",
		"":                             "",
		"\x1b[1mhunter22\x1b[0m":       "\x1b[1m••••\x1b[0m",
	} {
		if got := m.Text(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
		for size := 1; size <= 5; size++ {
			var out bytes.Buffer
			w := m.Writer(&out)
			for rest := []byte(in); len(rest) > 0; {
				n := min(size, len(rest))
				if _, err := w.Write(rest[:n]); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if out.String() != want {
				t.Errorf("%q in pieces of %d became %q, want %q", in, size, out.String(), want)
			}
		}
	}
	line := logs.Line{Text: "x hunter22", Step: &logs.Step{Name: "RUN echo hunter22", Error: "hunter22?"}}
	got := m.Line(line)
	if strings.Contains(got.Text+got.Step.Name+got.Step.Error, "hunter22") {
		t.Errorf("the line still says it: %+v", got)
	}
	if line.Step.Name != "RUN echo hunter22" {
		t.Error("the line given was changed")
	}
	var none *logs.Mask
	if none.Text("hunter22") != "hunter22" {
		t.Error("a nil mask changes text")
	}
}

func FuzzMask(f *testing.F) {
	f.Add("hunter22", "the password hunter22 and hunter22hunter2", 3)
	f.Add("aaaaaab", "aaaaaaaaaab", 1)
	f.Add("ababab", "abababababab", 2)
	f.Fuzz(func(t *testing.T, secret, text string, size int) {
		m := logs.NewMask(secret)
		want := m.Text(text)
		if len(secret) >= 6 && strings.Contains(strings.ReplaceAll(want, "••••", "\x00"), secret) && !strings.Contains("••••", secret) && !strings.Contains(secret, "•") && !strings.Contains(secret, "\x00") {
			t.Errorf("%q still has %q", want, secret)
		}
		size = max(1, size%10)
		var out bytes.Buffer
		w := m.Writer(&out)
		for rest := []byte(text); len(rest) > 0; {
			n := min(size, len(rest))
			if _, err := w.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("in pieces %q, at once %q", out.String(), want)
		}
	})
}
