package chaos

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
)

// decoys are things on the engine that are not the home's, though some look
// like it: whatever happens, they stay as they are.
type decoys struct {
	home       *home
	containers map[string]string // ID to name
	network    string
	image      string
	volume     string
}

// plantDecoys puts them there.
func (h *home) plantDecoys(t *testing.T) *decoys {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	d := &decoys{home: h, containers: map[string]string{}, image: "decoy-" + h.name + ":1", volume: "decoy-" + h.name}
	var packed bytes.Buffer
	if err := tar.NewWriter(&packed).Close(); err != nil {
		t.Fatal(err)
	}
	loaded, err := h.engine.ImageImport(ctx, image.ImportSource{Source: &packed, SourceName: "-"}, d.image, image.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_ = loaded.Close()
	for name, labels := range map[string]map[string]string{
		"plain":    nil,
		"unkind":   {"slipway.installation": h.name}, // as a container that somebody starts from an app's image
		"likeness": {"slipway.installation": h.name + "-2", "slipway.kind": "instance", "slipway.app": "x", "slipway.process": "web", "slipway.release": "1"},
	} {
		name = "decoy-" + name + "-" + h.name
		c, err := h.engine.ContainerCreate(ctx, &container.Config{Image: d.image, Cmd: []string{"/none"}, Labels: labels}, nil, nil, nil, name)
		if err != nil {
			t.Fatal(err)
		}
		d.containers[c.ID] = name
	}
	n, err := h.engine.NetworkCreate(ctx, "decoy-"+h.name, network.CreateOptions{
		Labels: map[string]string{"slipway.installation": h.name + "-2", "slipway.kind": "network"},
		IPAM:   &network.IPAM{Config: []network.IPAMConfig{{Subnet: fmt.Sprintf("10.179.%d.%d/28", os.Getpid()%250, homes.Load()%16*16)}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.network = n.ID
	if _, err := h.engine.VolumeCreate(ctx, volume.CreateOptions{Name: d.volume}); err != nil {
		t.Fatal(err)
	}
	return d
}

// missing says which decoys are gone.
func (d *decoys) missing(ctx context.Context) (gone []string) {
	for id, name := range d.containers {
		if _, err := d.home.engine.ContainerInspect(ctx, id); err != nil {
			gone = append(gone, fmt.Sprintf("the foreign container %s: %v", name, err))
		}
	}
	if _, err := d.home.engine.NetworkInspect(ctx, d.network, network.InspectOptions{}); err != nil {
		gone = append(gone, fmt.Sprintf("the foreign network: %v", err))
	}
	if _, err := d.home.engine.ImageInspect(ctx, d.image); err != nil {
		gone = append(gone, fmt.Sprintf("the foreign image: %v", err))
	}
	if _, err := d.home.engine.VolumeInspect(ctx, d.volume); err != nil {
		gone = append(gone, fmt.Sprintf("the foreign volume: %v", err))
	}
	return gone
}

func (d *decoys) remove(t *testing.T) {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	for id := range d.containers {
		if err := d.home.engine.ContainerRemove(ctx, id, container.RemoveOptions{Force: true}); err != nil {
			t.Log(err)
		}
	}
	if err := d.home.engine.NetworkRemove(ctx, d.network); err != nil {
		t.Log(err)
	}
	if _, err := d.home.engine.ImageRemove(ctx, d.image, image.RemoveOptions{Force: true}); err != nil {
		t.Log(err)
	}
	if err := d.home.engine.VolumeRemove(ctx, d.volume, true); err != nil {
		t.Log(err)
	}
}
