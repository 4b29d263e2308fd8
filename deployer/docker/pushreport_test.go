package docker

import (
	"slices"
	"strings"
	"testing"
	"time"

	imagedigest "github.com/opencontainers/go-digest"
)

func FuzzPushReport(f *testing.F) {
	digest := "sha256:" + strings.Repeat("a", 64)
	for _, seed := range []string{
		"", "x", `{"status":"Pushing","id":"a","progressDetail":{"current":1,"total":2}}`, `{"aux":{"Digest":"` + digest + `"}}`,
		`{"error":"denied"}`, `{"aux":{"Digest":"x"}}`, `{"status":"Pushing","id":"a","progressDetail":{"current":9223372036854775807,"total":-1}}`, `{"aux":null}`, `[]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		digest, err := newPushReport(func(line string) {
			if line == "" || strings.ContainsAny(line, "\n\r") {
				t.Fatalf("told %q", line)
			}
		}).read(strings.NewReader(text))
		if digest != "" && (err != nil || imagedigest.Digest(digest).Validate() != nil) {
			t.Fatalf("gave %q, %v", digest, err)
		}
	})
}

func TestPushReport(t *testing.T) {
	var lines []string
	digest, err := newPushReport(func(line string) { lines = append(lines, line) }).read(strings.NewReader(`{"status":"The push refers to repository [x]"}
		{"status":"Preparing","progressDetail":{},"id":"a"}{"status":"Preparing","progressDetail":{},"id":"b"}
		{"status":"Layer already exists","progressDetail":{},"id":"b"}
		{"status":"Pushing","progressDetail":{"current":512,"total":1000},"id":"a"}
		{"status":"Pushing","progressDetail":{"current":1000,"total":1000},"id":"a"}
		{"status":"Pushed","progressDetail":{},"id":"a"}
		{"progressDetail":{},"aux":{"Tag":"t","Digest":"sha256:` + strings.Repeat("b", 64) + `","Size":5}}`))
	if want := []string{"b: Layer already exists", "a: Pushing", "a: Pushed"}; err != nil || !slices.Equal(lines, want) || digest != "sha256:"+strings.Repeat("b", 64) {
		t.Errorf("told %q of %s, %v", lines, digest, err)
	}
	told, now := []string{}, time.Now()
	report := newPushReport(func(line string) { told = append(told, line) })
	for second := range 10 {
		m := pushMessage{ID: "a", Status: "Pushing"}
		m.Progress.Current, m.Progress.Total = int64(second)*10e6, 100e6
		report.hear(m, now.Add(time.Duration(second)*time.Second))
	}
	if want := []string{"a: Pushing", "a: Pushing 20.0 of 100.0 MB", "a: Pushing 40.0 of 100.0 MB", "a: Pushing 60.0 of 100.0 MB", "a: Pushing 80.0 of 100.0 MB"}; !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}
}
