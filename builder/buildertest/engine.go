package buildertest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

// Engine gives the real container engine. A test without one fails.
func Engine(t testing.TB) *client.Client {
	t.Helper()
	engine, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatalf("make an engine client: %v", err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := engine.Ping(ctx); err != nil {
		t.Fatalf("these tests need a container engine: %v", err)
	}
	return engine
}

// Tag gives a reference of its own to a test, and removes the image after it.
func Tag(t testing.TB, engine *client.Client) string {
	t.Helper()
	tag := "slipway-test-" + Token() + ":latest"
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, err := engine.ImageRemove(ctx, tag, image.RemoveOptions{Force: true, PruneChildren: true})
		if err != nil && !client.IsErrNotFound(err) {
			t.Errorf("remove %s: %v", tag, err)
		}
	})
	return tag
}

// Token gives a short random word.
func Token() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Tree writes files below a new directory. A name that ends in * is made
// executable, without the *.
func Tree(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		mode := os.FileMode(0o644)
		if name[len(name)-1] == '*' {
			name, mode = name[:len(name)-1], 0o755
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var tool = sync.OnceValues(func() (string, error) {
	return compile("github.com/slipway-paas/slipway/builder/buildertest/tool")
})

// Tool gives the bytes of the tool program, statically linked.
func Tool(t testing.TB) string {
	t.Helper()
	binary, err := tool()
	if err != nil {
		t.Fatalf("compile the tool: %v", err)
	}
	return binary
}

// Compile gives the bytes of a main package, statically linked and stripped.
func Compile(t testing.TB, pkg string) []byte {
	t.Helper()
	binary, err := compile(pkg)
	if err != nil {
		t.Fatalf("compile %s: %v", pkg, err)
	}
	return []byte(binary)
}

func compile(pkg string) (string, error) {
	dir, err := os.MkdirTemp("", "slipway-test-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	out := filepath.Join(dir, "binary")
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", out, "--", pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", &compileError{string(text), err}
	}
	binary, err := os.ReadFile(out)
	return string(binary), err
}

type compileError struct {
	output string
	err    error
}

func (e *compileError) Error() string { return e.err.Error() + "\n" + e.output }
func (e *compileError) Unwrap() error { return e.err }
