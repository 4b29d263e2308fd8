package space

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/slipway-paas/slipway/models"
)

// DiskState is how full a disk is.
type DiskState string

// The states of a disk.
const (
	DiskOK   DiskState = "ok"
	DiskHigh DiskState = "high" // above the watermark: more is collected
	DiskFull DiskState = "full" // less than the reserve is free: nothing is built
)

// Disk is one file system.
type Disk struct {
	Holds       []string // "data", "engine"
	Path        string
	Total       int64 // bytes
	Free        int64 // bytes that may be written
	UsedPercent float64
	Reserve     int64 // bytes that builds leave free
	State       DiskState

	device uint64
}

// Bounds of the reserve when none is set.
const (
	reserveLeast = 64 << 20
	reserveMost  = 2 << 30
)

// diskOf looks at the file system of a folder.
func diskOf(path string) (Disk, error) {
	var fs syscall.Statfs_t
	var file syscall.Stat_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return Disk{}, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	if err := syscall.Stat(path, &file); err != nil {
		return Disk{}, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	block := int64(fs.Bsize) //nolint:unconvert // its type differs between machines
	d := Disk{Path: path, Total: int64(fs.Blocks) * block, Free: int64(fs.Bavail) * block, device: uint64(file.Dev)}
	// As df counts: what only root may write is neither used nor free.
	used := int64(fs.Blocks-fs.Bfree) * block
	if used+d.Free > 0 {
		d.UsedPercent = 100 * float64(used) / float64(used+d.Free)
	}
	return d, nil
}

// disks looks at the disks that Slipway writes to: its own and, where that is on
// this machine and another, the engine's.
func (s *Service) disks(ctx context.Context) ([]Disk, error) {
	own, err := s.disk(s.Settings.DataDir)
	if err != nil {
		return nil, err
	}
	own.Holds = []string{"data"}
	disks := []Disk{own}
	if root := s.root(ctx); root != "" {
		switch theirs, err := s.disk(root); {
		case err != nil: // it is not for this process to see
		case theirs.device == own.device:
			disks[0].Holds = append(disks[0].Holds, "engine")
		default:
			theirs.Holds = []string{"engine"}
			disks = append(disks, theirs)
		}
	}
	for i := range disks {
		s.judge(&disks[i])
	}
	return disks, nil
}

func (s *Service) judge(d *Disk) {
	if d.Reserve = s.Settings.Reserve; d.Reserve <= 0 {
		d.Reserve = min(max(d.Total/50, reserveLeast), reserveMost)
	}
	switch {
	case d.Free < d.Reserve:
		d.State = DiskFull
	case d.UsedPercent > float64(s.Settings.Watermark):
		d.State = DiskHigh
	default:
		d.State = DiskOK
	}
}

// root gives the engine's folder, "" when it is not on this machine or has not
// been asked for.
func (s *Service) root(ctx context.Context) string {
	s.mu.Lock()
	root, asked := s.engineRoot, s.asked
	s.mu.Unlock()
	engine, ok := s.Cluster.(interface {
		Root(ctx context.Context) (string, error)
	})
	if asked || !ok {
		return root
	}
	root, err := engine.Root(ctx)
	if err != nil {
		return ""
	}
	if !filepath.IsAbs(root) {
		root = ""
	} else if info, err := os.Stat(root); err != nil || !info.IsDir() {
		root = ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.engineRoot, s.asked = root, true
	return root
}

// Room says why nothing may be built or taken in now, with KindUnavailable: a
// disk has less free than is kept for what runs. Before it says so it collects
// what it may. nil when there is room.
func (s *Service) Room(ctx context.Context) error {
	full := s.full(ctx)
	if full == nil {
		return nil
	}
	if s.mayRelieve() {
		s.relieve(ctx, "the disk is full")
		if full = s.full(ctx); full == nil {
			return nil
		}
	}
	return models.Errorf(models.KindUnavailable,
		"the disk is full: %s are free at %s, and %s are kept for what runs; make room there, or remove apps or releases",
		Size(full.Free), full.Path, Size(full.Reserve))
}

// mayRelieve says whether collecting may help again: it did not a moment ago.
func (s *Service) mayRelieve() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now().Sub(s.relieved) < relieveAgain {
		return false
	}
	s.relieved = s.now()
	return true
}

// relieveAgain is how long those who want room are not kept waiting for another
// collection.
const relieveAgain = 30 * time.Second

// full gives a disk that is, nil when none is. A disk that cannot be looked at
// stops nobody.
func (s *Service) full(ctx context.Context) *Disk {
	disks, err := s.disks(ctx)
	if err != nil {
		s.Logger.Warn("the disk cannot be looked at", "error", err)
	}
	for i := range disks {
		if disks[i].State == DiskFull {
			return &disks[i]
		}
	}
	return nil
}

// Size writes bytes for people: "1.2 GB".
func Size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1000_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
