package secrets_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway-paas/slipway/server/secrets"
)

func TestBoxOpensOnlyItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "key")
	box, err := secrets.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := secrets.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	other, err := secrets.Open(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	sealed := box.Seal("config/a/KEY", []byte("hunter2"))
	if bytes.Contains(sealed, []byte("hunter2")) {
		t.Fatal("the secret is readable in what was sealed")
	}
	if opened, err := again.Open("config/a/KEY", sealed); err != nil || string(opened) != "hunter2" {
		t.Fatalf("opened %q, %v", opened, err)
	}
	if _, err := box.Open("config/b/KEY", sealed); err == nil {
		t.Fatal("opened for another place")
	}
	if _, err := other.Open("config/a/KEY", sealed); err == nil {
		t.Fatal("opened with another key")
	}
	for cut := range sealed {
		if _, err := box.Open("config/a/KEY", sealed[:cut]); err == nil {
			t.Fatalf("opened the first %d bytes", cut)
		}
	}
	if bytes.Equal(sealed, box.Seal("config/a/KEY", []byte("hunter2"))) {
		t.Fatal("sealed twice to the same bytes: the nonce repeats")
	}
}

func TestKeysAreOfTheirPurpose(t *testing.T) {
	one, err := secrets.New(strings.Repeat("01", 32))
	if err != nil {
		t.Fatal(err)
	}
	other, err := secrets.New(strings.Repeat("02", 32))
	if err != nil {
		t.Fatal(err)
	}
	key := one.Key("labels")
	if len(key) != 32 || !bytes.Equal(key, one.Key("labels")) {
		t.Error("a key is not the same each time")
	}
	if bytes.Equal(key, one.Key("cookies")) || bytes.Equal(key, other.Key("labels")) || bytes.Equal(key, bytes.Repeat([]byte{1}, 32)) {
		t.Error("keys are not apart")
	}
}
