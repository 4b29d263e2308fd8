package buildkit

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func cutAll(chunks ...string) []string {
	var l lines
	got := []string{}
	for _, chunk := range chunks {
		got = append(got, l.add([]byte(chunk))...)
	}
	return append(got, l.end()...)
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for name, c := range map[string]struct {
		chunks, want []string
	}{
		"whole":              {[]string{"a\nb\n"}, []string{"a", "b"}},
		"empty lines":        {[]string{"\n\n"}, []string{"", ""}},
		"in pieces":          {[]string{"a", "b\nc", "d"}, []string{"ab", "cd"}},
		"windows":            {[]string{"a\r\nb\r", "\nc"}, []string{"a", "b", "c"}},
		"progress bar":       {[]string{"1%\r2%", "\r3%\r", "done\nx"}, []string{"done", "x"}},
		"bar ends in return": {[]string{"1%\r100%\r\n"}, []string{"100%"}},
		"bar without end":    {[]string{"1%\r", "2%\r"}, []string{"2%"}},
		"ANSI":               {[]string{"\x1b[31mred\x1b[0m\n"}, []string{"\x1b[31mred\x1b[0m"}},
		"character in two":   {[]string{"\xc3", "\xbc\n"}, []string{"ü"}},
		"not text":           {[]string{"a\xff\x00b\n"}, []string{"a\uFFFD\uFFFDb"}},
		"long":               {[]string{long + "yz\n"}, []string{long, "yz"}},
		"long in pieces":     {[]string{long, long, "z"}, []string{long, long, "z"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, cutAll(c.chunks...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzLines holds that no line has a newline or is too long, whatever a step
// prints, and that how output was cut into chunks makes no difference.
func FuzzLines(f *testing.F) {
	f.Add("a\r\nb\rc\n", 2)
	f.Add("\xff\x00\r\r\r", 1)
	f.Fuzz(func(t *testing.T, text string, at int) {
		if len(text) > maxLine {
			return // pieces of a long line may differ in where they begin
		}
		at = max(0, min(at, len(text)))
		whole, halves := cutAll(text), cutAll(text[:at], text[at:])
		if diff := cmp.Diff(whole, halves); diff != "" {
			t.Fatal(diff)
		}
		for _, line := range whole {
			if strings.ContainsAny(line, "\n\r\x00") || !utf8.ValidString(line) {
				t.Fatalf("line %q", line)
			}
		}
	})
}
