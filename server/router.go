package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-paas/slipway/deployer/docker"
	"github.com/slipway-paas/slipway/router"
	"github.com/slipway-paas/slipway/server/logs"
	"github.com/slipway-paas/slipway/server/routing"
)

func (s *Server) routerDir() string { return filepath.Join(s.Config.DataDir, "router") }

// routerToken gives what routers and server know each other by.
func (s *Server) routerToken() (string, error) {
	dir := s.routerDir()
	if err := os.MkdirAll(filepath.Join(dir, "certs"), 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "token")
	if s.Config.RouterToken != "" {
		return s.Config.RouterToken, os.WriteFile(path, []byte(s.Config.RouterToken), 0o600)
	}
	token, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		var raw [32]byte
		_, _ = rand.Read(raw[:])
		token = []byte(hex.EncodeToString(raw[:]))
		err = os.WriteFile(path, token, 0o600)
	}
	return strings.TrimSpace(string(token)), err
}

func (s *Server) routingOptions() routing.Options {
	options := routing.Options{TokenHash: sha256.Sum256([]byte(s.token)), Access: s.accessLog, Traffic: s.traffic, Kept: s.Config.Router != "off", Elsewhere: s.peers.Present}
	if at, err := url.Parse(s.Config.URL); err == nil && at.Hostname() != "" {
		options.Platform = &router.Platform{Host: strings.ToLower(at.Hostname()), URL: "http://" + onLoopback(s.Config.Listen)}
	}
	return options
}

// traffic keeps what a router counted.
func (s *Server) traffic(routerID string, windows []router.Window) {
	if err := s.metrics.AddWindows(routerID, windows); err != nil {
		s.Logger.Warn("figures are lost", "router", routerID, "error", err)
	}
}

// accessLog puts what routers served into the apps' log streams.
func (s *Server) accessLog(lines []router.Access, dropped int) {
	byApp := map[string][]logs.Line{}
	for _, a := range lines {
		text := fmt.Sprintf("%s %s%s %d %s %dB", a.Method, a.Host, a.Path, a.Status, a.Duration.Round(100*time.Microsecond), a.Bytes)
		if a.RemoteIP != "" {
			text += " from " + a.RemoteIP
		}
		if a.RequestID != "" {
			text += " request_id=" + a.RequestID
		}
		if a.HeldMS > 0 {
			text += fmt.Sprintf(" held_ms=%d", a.HeldMS)
		}
		if a.Error != "" {
			text += " error=" + a.Error
		}
		byApp[a.AppID] = append(byApp[a.AppID], logs.Line{Time: a.Time, Source: logs.SourceRouter, Process: "router", Instance: a.Backend, Text: text})
	}
	for app, said := range byApp {
		if _, err := s.logs.Append(logs.AppStream(app), said...); err != nil {
			s.Logger.Warn("access lines are lost", "app", app, "lines", len(said), "error", err)
		}
	}
	if dropped > 0 {
		s.Logger.Warn("a router lost access lines", "lines", dropped)
	}
}

// keepRouter sees to it that a router runs: in a container that the engine
// keeps alive when the server is not there, or as a process of its own.
func (s *Server) keepRouter(ctx context.Context) error {
	dir := s.routerDir()
	program := filepath.Join(dir, "slipway-router")
	binary, err := s.Programs.Router()
	if err != nil {
		return err
	}
	if err := replaceFile(program, binary, 0o755); err != nil {
		return err
	}
	env := func(data string) map[string]string {
		vars := map[string]string{
			"SLIPWAY_ROUTER_HTTP":            s.Config.RouterHTTP,
			"SLIPWAY_ROUTER_HTTPS":           s.Config.RouterHTTPS,
			"SLIPWAY_ROUTER_SERVER":          "http://" + onLoopback(s.Config.Listen),
			"SLIPWAY_ROUTER_TOKEN_FILE":      filepath.Join(data, "token"),
			"SLIPWAY_ROUTER_DATA":            data,
			"SLIPWAY_ROUTER_ID":              s.Config.Installation,
			"SLIPWAY_ROUTER_TRUSTED_PROXIES": strings.Join(s.Config.TrustProxy, ","),
		}
		// The router's own limits are handed on as they are: it checks them.
		for _, name := range []string{"HOLD_TIMEOUT", "HOLD_PER_APP", "HOLD_TOTAL", "DRAIN"} {
			if value, ok := os.LookupEnv("SLIPWAY_ROUTER_" + name); ok {
				vars["SLIPWAY_ROUTER_"+name] = value
			}
		}
		return vars
	}
	if s.Config.Router == "process" {
		return s.routerProcess(ctx, program, env(dir))
	}
	folder, err := folderID(dir)
	if err != nil {
		return err
	}
	spec := docker.RouterSpec{
		Binary: program, Env: env("/data"), Binds: []string{dir + ":/data"}, Folder: folder,
		Listening: router.ListeningMessage, Grace: routerDrain() + drainSlack,
	}
	return s.routerContainer(ctx, spec)
}

// drainSlack is what a router takes to end beyond its drain.
const drainSlack = 5 * time.Second

// routerDrain is how long the router lets requests finish when it is stopped.
func routerDrain() time.Duration {
	cfg, err := router.ConfigFromEnv(os.LookupEnv)
	if err != nil {
		return 30 * time.Second // the router says itself what is wrong
	}
	return cfg.Drain
}

// routerContainer sees to the router's container at the start, and again
// whenever no router is connected: somebody may have removed it.
func (s *Server) routerContainer(ctx context.Context, spec docker.RouterSpec) error {
	const pause = 2 * time.Second
	for told, absent := false, true; ; {
		if absent {
			err := s.cluster.EnsureRouter(ctx, spec)
			if err != nil && ctx.Err() == nil && !told {
				s.Logger.Warn("the router's container cannot be started yet", "error", err)
			}
			if told = err != nil; err == nil {
				leaveChild(s.routerDir(), s.Logger) // the container has its listeners
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		absent = len(s.routing.Routers()) == 0
	}
}

// folderID tells a folder from another that has its path later: a container
// keeps the one that it was started with.
func folderID(path string) (string, error) {
	var stat syscall.Stat_t
	if err := syscall.Stat(path, &stat); err != nil {
		return "", fmt.Errorf("look at %s: %w", path, err)
	}
	return fmt.Sprintf("%d:%d", stat.Dev, stat.Ino), nil
}

// replaceFile writes a file in one step, so that nobody runs half a program and
// one that runs keeps what it has.
func replaceFile(path string, content []byte, mode os.FileMode) error {
	if err := os.WriteFile(path+".new", content, mode); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// Down removes everything that an installation has on the engine: containers,
// networks and the router, and with images or volumes true those too. It needs no
// running server, and the data folder stays.
func Down(ctx context.Context, cluster *docker.Cluster, images, volumes bool) error {
	remove := cluster.RemoveContainers
	if images {
		remove = cluster.RemoveInstallation
	}
	if err := remove(ctx); err != nil || !volumes {
		return err
	}
	return cluster.RemoveAllVolumes(ctx)
}
