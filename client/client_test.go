package client

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

func TestGeneratedClientIsUpToDate(t *testing.T) {
	spec, err := os.ReadFile("../web/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	generated, err := os.ReadFile("client.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	head, code, ok := strings.Cut(string(generated), "\n\n")
	if !ok {
		t.Fatal("client.gen.go has no header")
	}
	if !strings.Contains(head, "spec sha256:"+sum(spec)) {
		t.Error("client.gen.go was generated from another web/openapi.json; run: make gen")
	}
	if !strings.Contains(head, "code sha256:"+sum([]byte(code))) {
		t.Error("client.gen.go was edited by hand; run: make gen")
	}
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}
