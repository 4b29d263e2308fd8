package models

import "testing"

func TestCheckVolume(t *testing.T) {
	for _, good := range [][2]string{{"data", "/data"}, {"my-uploads", "/srv/app/uploads"}, {"v2", "/var/lib/thing"}} {
		if err := CheckVolume(good[0], good[1]); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	for _, bad := range [][2]string{
		{"", "/data"},
		{"Data", "/data"},
		{"a_b", "/data"},
		{"data", ""},
		{"data", "data"},
		{"data", "/"},
		{"data", "/a/../b"},
		{"data", "/a/"},
		{"data", "/a:b"},
		{"data", "/proc"},
		{"data", "/etc/passwd"},
		{"data", "/a\nb"},
	} {
		if KindOf(CheckVolume(bad[0], bad[1])) != KindInvalid {
			t.Errorf("%q was accepted", bad)
		}
	}
}
