//go:build !linux

package docker

import (
	"errors"
	"os"
)

// Engines run on Linux. Elsewhere their files are in a virtual machine, out of
// reach.
type notifier struct{}

type watch struct {
	made    func()
	changed func()
	look    func()
}

func (*notifier) watch(string, *watch) (func(), error) { return nil, errors.ErrUnsupported }

func inode(os.FileInfo) uint64 { return 0 }
