//go:build kubernetes

package kubernetes_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory" // which handlers finds by its name
	"github.com/sirupsen/logrus"
)

// What a node shows to get what is under private/.
const (
	puller   = "puller"
	password = "s3cret"
)

// serveImages runs a registry at an address until the tests are over.
func serveImages(address string) (stop func(), err error) {
	logrus.SetOutput(io.Discard) // the library tells of each request
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	app := handlers.NewApp(context.Background(), &configuration.Configuration{
		Storage: configuration.Storage{"inmemory": {}, "maintenance": {"uploadpurging": map[any]any{"enabled": false}}},
		HTTP:    configuration.HTTP{Secret: "of one test run", RelativeURLs: true},
		Log:     configuration.Log{Level: "error", AccessLog: configuration.AccessLog{Disabled: true}},
	})
	server := &http.Server{Handler: guarded(app)}
	go func() { _ = server.Serve(listener) }() // ends when closed
	return func() { _ = server.Close(); _ = app.Shutdown() }, nil
}

// guarded asks for a password where images are private.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, pass, _ := r.BasicAuth()
		if strings.HasPrefix(r.URL.Path, "/v2/private/") && (user != puller || pass != password) {
			w.Header().Set("WWW-Authenticate", `Basic realm="tests"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// push makes an image of one program and puts it into the registry.
func push(registry, repository, tag, program string) error {
	layer, err := layerOf(program)
	if err != nil {
		return err
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": []string{"/testapp"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{digest(layer)}},
	})
	if err != nil {
		return err
	}
	base := "http://" + registry + "/v2/" + repository
	for _, blob := range [][]byte{layer, config} {
		if err := upload(base, blob); err != nil {
			return err
		}
	}
	const vendor = "application/vnd.oci.image."
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": vendor + "manifest.v1+json",
		"config": map[string]any{"mediaType": vendor + "config.v1+json", "digest": digest(config), "size": len(config)},
		"layers": []any{map[string]any{"mediaType": vendor + "layer.v1.tar", "digest": digest(layer), "size": len(layer)}},
	})
	if err != nil {
		return err
	}
	return send(http.MethodPut, base+"/manifests/"+tag, vendor+"manifest.v1+json", manifest, nil)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func layerOf(program string) ([]byte, error) {
	data, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := w.WriteHeader(&tar.Header{Name: "testapp", Mode: 0o755, Size: int64(len(data))}); err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	return layer.Bytes(), w.Close()
}

func upload(base string, blob []byte) error {
	var at string
	if err := send(http.MethodPost, base+"/blobs/uploads/", "", nil, &at); err != nil {
		return err
	}
	if strings.HasPrefix(at, "/") {
		at = base[:strings.Index(base, "/v2/")] + at
	}
	joint := "?"
	if strings.Contains(at, "?") {
		joint = "&"
	}
	return send(http.MethodPut, at+joint+"digest="+digest(blob), "application/octet-stream", blob, nil)
}

func send(method, url, kind string, body []byte, location *string) error {
	request, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.SetBasicAuth(puller, password)
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		said, _ := io.ReadAll(response.Body)
		return fmt.Errorf("%s %s: %s: %s", method, url, response.Status, said)
	}
	if location != nil {
		*location = response.Header.Get("Location")
	}
	return nil
}
