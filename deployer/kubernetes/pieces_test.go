package kubernetes

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-paas/slipway/deployer"
)

func readPieces(text string) (lines []deployer.LogLine, err error) {
	in := newPieces(strings.NewReader(text))
	for {
		line, err := in.next()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
		lines = append(lines, line)
	}
}

func TestPieces(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	stamp := at.Format("2006-01-02T15:04:05.000000000Z07:00")
	long := strings.Repeat("x", maxPiece+10)
	lines, err := readPieces(stamp + " one\n" + stamp + " \n" + stamp + " " + long + "\n" + stamp + "  no end")
	if err != nil {
		t.Fatal(err)
	}
	want := []deployer.LogLine{
		{Time: at, Text: "one"},
		{Time: at},
		{Time: at, Text: long[:maxPiece], Partial: true},
		{Time: at, Text: long[maxPiece:]},
		{Time: at, Text: " no end"},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"no time\n", "x", stamp + "\n", strings.Repeat("y", maxPiece+1)} {
		if lines, err := readPieces(bad); !errors.Is(err, errNotALog) {
			t.Errorf("%.20q is read as %v, %v", bad, lines, err)
		}
	}
}

func FuzzPieces(f *testing.F) {
	for _, seed := range []string{"", "\n", " ", "2026-01-02T03:04:05Z x\n", "2026-01-02T03:04:05.000000006+02:00 \x1b[31mred\n\n", "2026-01-02T03:04:05Z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := readPieces(text)
		if err != nil && !errors.Is(err, errNotALog) {
			t.Errorf("%q: %v", text, err)
		}
		total := 0
		for _, line := range lines {
			total += len(line.Text)
			if strings.Contains(line.Text, "\n") || line.Time.IsZero() && !strings.Contains(text, "0001-") {
				t.Errorf("%q gives %+v", text, line)
			}
		}
		if total > len(text) {
			t.Errorf("%d bytes of %d", total, len(text))
		}
	})
}

func TestOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "cd", 1}, {"abc", "abc", 3}, {"abc", "xabc", 0}, {"one\ntwo\n", "two\n$ ", 4}, {"a", "", 0}} {
		if got := overlap([]byte(c.a), []byte(c.b)); got != c.want {
			t.Errorf("%q and %q share %d", c.a, c.b, got)
		}
	}
	var out strings.Builder
	j := &joint{out: &out, first: make(chan struct{})}
	_, _ = fmt.Fprint(j, "two\n$ ") // never fails
	<-j.first
	if err := j.begin([]byte("one\ntwo\n")); err != nil {
		t.Fatal(err)
	}
	_, _ = fmt.Fprint(j, "ls\n") // never fails
	if out.String() != "one\ntwo\n$ ls\n" {
		t.Errorf("it shows %q", out.String())
	}
}
