package cli

import "testing"

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"Say hello":                  "Say hello",
		"two\nlines\tand a tab":      "two lines and a tab",
		"\x1b]0;title\x07 \x1b[2Jup": "]0;title [2Jup",
		"paid \u202e001\u202c":       "paid 001",
		"été 你好":                     "été 你好",
	} {
		if got := plain(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
