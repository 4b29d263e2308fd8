package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/docker/client"
)

// Import says how to make an image of a file tree, from scratch.
type Import struct {
	Tag        string // name:tag
	Entrypoint []string
	Command    []string
	Env        []string // visible to all who have the image: never secrets
	Ports      []int    // tcp
	Labels     map[string]string
	WorkingDir string
	User       string
}

// ImportImage makes an image with a single layer out of an uncompressed tar
// and gives its ID. The same tar and settings make the same image. The tar is
// kept in a temporary file on the way.
func (e *Engine) ImportImage(ctx context.Context, spec Import, rootfs io.Reader) (string, error) {
	// The engine would load the image all the same, without a name.
	if _, err := reference.ParseNormalizedNamed(spec.Tag); err != nil {
		return "", fmt.Errorf("image tag %q: %w", spec.Tag, err)
	}
	layer, err := os.CreateTemp("", "slipway-layer-*.tar")
	if err != nil {
		return "", fmt.Errorf("keep the layer of %s: %w", spec.Tag, err)
	}
	defer func() {
		_ = layer.Close()           // its content has served its purpose
		_ = os.Remove(layer.Name()) // in the system's temporary folder, which is cleared anyway
	}()
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(layer, hash), rootfs)
	if err != nil {
		return "", fmt.Errorf("keep the layer of %s: %w", spec.Tag, err)
	}
	if _, err := layer.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("keep the layer of %s: %w", spec.Tag, err)
	}
	archive, err := newArchive(spec, "sha256:"+hex.EncodeToString(hash.Sum(nil)), size)
	if err != nil {
		return "", err
	}
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(archive.write(writer, layer)) }()
	response, err := e.API.ImageLoad(ctx, reader, client.ImageLoadWithQuiet(true))
	if err == nil {
		err = progressError(response.Body)
		_ = response.Body.Close() // only read from
	}
	_ = reader.Close() // ends the writer when the engine did not read to the end
	if err != nil {
		return "", fail(ctx, "load the image "+spec.Tag, err)
	}
	found, err := e.API.ImageInspect(ctx, spec.Tag)
	return found.ID, fail(ctx, "look for the image "+spec.Tag, err)
}

// archive is an image in the form that the engine loads.
type archive struct {
	config, manifest []byte
	configName       string
	layerSize        int64
}

func newArchive(spec Import, diffID string, layerSize int64) (archive, error) {
	ports := map[string]struct{}{}
	for _, port := range spec.Ports {
		ports[strconv.Itoa(port)+"/tcp"] = struct{}{}
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"created":      time.Unix(0, 0).UTC(), // so that the same content has the same ID
		"config": map[string]any{
			"Entrypoint": spec.Entrypoint, "Cmd": spec.Command, "Env": spec.Env, "ExposedPorts": ports,
			"Labels": spec.Labels, "WorkingDir": spec.WorkingDir, "User": spec.User,
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{diffID}},
		"history": []map[string]any{{"created": time.Unix(0, 0).UTC(), "created_by": "slipway"}},
	})
	if err != nil {
		return archive{}, fmt.Errorf("describe the image %s: %w", spec.Tag, err)
	}
	sum := sha256.Sum256(config)
	name := hex.EncodeToString(sum[:]) + ".json"
	manifest, err := json.Marshal([]map[string]any{{
		"Config": name, "RepoTags": []string{spec.Tag}, "Layers": []string{"layer.tar"},
	}})
	if err != nil {
		return archive{}, fmt.Errorf("describe the image %s: %w", spec.Tag, err)
	}
	return archive{config: config, manifest: manifest, configName: name, layerSize: layerSize}, nil
}

func (a archive) write(w io.Writer, layer io.Reader) error {
	out := tar.NewWriter(w)
	files := []struct {
		name string
		size int64
		body io.Reader
	}{
		{"layer.tar", a.layerSize, layer},
		{a.configName, int64(len(a.config)), bytes.NewReader(a.config)},
		{"manifest.json", int64(len(a.manifest)), bytes.NewReader(a.manifest)},
	}
	for _, file := range files {
		if err := out.WriteHeader(&tar.Header{Name: file.name, Mode: 0o644, Size: file.size}); err != nil {
			return err
		}
		if _, err := io.Copy(out, file.body); err != nil {
			return err
		}
	}
	return out.Close()
}

// ImportBinary makes an image whose only file is a static program, at /name.
func (e *Engine) ImportBinary(ctx context.Context, spec Import, name, path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("make the image %s: %w", spec.Tag, err)
	}
	defer func() { _ = file.Close() }() // only read from
	info, err := file.Stat()
	if err != nil {
		return "", fmt.Errorf("make the image %s: %w", spec.Tag, err)
	}
	reader, writer := io.Pipe()
	defer func() { _ = reader.Close() }() // ends the writer when the image was not made
	go func() {
		out := tar.NewWriter(writer)
		err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: info.Size()})
		if err == nil {
			_, err = io.Copy(out, file)
		}
		if err == nil {
			err = out.Close()
		}
		writer.CloseWithError(err)
	}()
	return e.ImportImage(ctx, spec, reader)
}
