package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	docker "github.com/docker/docker/client"
)

// engine is the container engine, used directly: what a reference makes on it
// carries a label and goes at the end.
type engine struct {
	*docker.Client
	label string
}

func (b *bench) engine() (*engine, error) {
	client, err := docker.NewClientWithOpts(docker.FromEnv, docker.WithAPIVersionNegotiation())
	if err != nil {
		return nil, err
	}
	e := &engine{client, fmt.Sprintf("slipway-bench=%d", os.Getpid())}
	b.cleanup(e.clear)
	return e, nil
}

func (e *engine) labels() map[string]string {
	name, value, _ := strings.Cut(e.label, "=")
	return map[string]string{name: value}
}

// run creates and starts a container in a network, and gives its ID and address.
func (e *engine) run(ctx context.Context, config *container.Config, host *container.HostConfig, net string) (id, address string, err error) {
	config.Labels = e.labels()
	host.NetworkMode = container.NetworkMode(net)
	made, err := e.ContainerCreate(ctx, config, host, nil, nil, "")
	if err != nil {
		return "", "", err
	}
	if err := e.ContainerStart(ctx, made.ID, container.StartOptions{}); err != nil {
		return "", "", err
	}
	running, err := e.ContainerInspect(ctx, made.ID)
	if err != nil {
		return "", "", err
	}
	endpoint := running.NetworkSettings.Networks[net]
	if endpoint == nil || endpoint.IPAddress == "" {
		return "", "", fmt.Errorf("container %s has no address", made.ID)
	}
	return made.ID, endpoint.IPAddress + ":8080", nil
}

// network makes a network, as Slipway has one for each app.
func (e *engine) network(ctx context.Context, name, subnet string) error {
	_, err := e.NetworkCreate(ctx, name, network.CreateOptions{
		Driver: "bridge", Labels: e.labels(), IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: subnet}}},
	})
	return err
}

// removeImage removes an image by its name, with what it was made of.
func (e *engine) removeImage(name string) error {
	_, err := e.ImageRemove(context.Background(), name, image.RemoveOptions{Force: true, PruneChildren: true})
	return err
}

// clear removes all that has the label.
func (e *engine) clear() error {
	ctx := context.Background()
	ours := filters.NewArgs(filters.Arg("label", e.label))
	containers, err := e.ContainerList(ctx, container.ListOptions{All: true, Filters: ours})
	for _, c := range containers {
		err = errors.Join(err, e.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true}))
	}
	networks, failed := e.NetworkList(ctx, network.ListOptions{Filters: ours})
	err = errors.Join(err, failed)
	for _, n := range networks {
		err = errors.Join(err, e.NetworkRemove(ctx, n.ID))
	}
	images, failed := e.ImageList(ctx, image.ListOptions{Filters: ours}) // that have lost their names, or have only a registry's
	err = errors.Join(err, failed)
	for _, i := range images {
		_, failed := e.ImageRemove(ctx, i.ID, image.RemoveOptions{Force: true, PruneChildren: true})
		err = errors.Join(err, failed)
	}
	return errors.Join(err, e.Close())
}

// instanceOf gives the running container of an app of an installation.
func (e *engine) instanceOf(ctx context.Context, in *installation, app string) (container.InspectResponse, error) {
	all, err := e.ContainerList(ctx, container.ListOptions{Filters: filters.NewArgs(
		filters.Arg("label", "slipway.installation="+in.name), filters.Arg("label", "slipway.kind"), filters.Arg("name", in.name+"-"+app+"-"))})
	if err != nil {
		return container.InspectResponse{}, err
	}
	if len(all) != 1 {
		return container.InspectResponse{}, fmt.Errorf("%s has %d containers", app, len(all))
	}
	return e.ContainerInspect(ctx, all[0].ID)
}
