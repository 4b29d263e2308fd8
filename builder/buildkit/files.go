package buildkit

import (
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"

	"github.com/moby/buildkit/session/filesync"
	"github.com/moby/buildkit/util/staticfs"
	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sharedDirs gives the engine the two directories that a build asks for.
//
// The engine keeps what it got for a cache key and asks only for files whose
// size, mode or time has changed. Two commits of the same second with files of
// the same size would pass for one, so the fraction of a second of every
// file's time is made to depend on its content.
func sharedDirs(root *os.Root, job Job) (filesync.StaticDirSource, error) {
	stamp := func(path string, st *fstypes.Stat) fsutil.MapResult {
		st.Uid, st.Gid = 0, 0 // whoever unpacked the source here
		if os.FileMode(st.Mode).IsRegular() {
			st.ModTime = stampTime(st.ModTime, checksum(root, path))
		}
		return fsutil.MapResultKeep
	}
	files, err := fsutil.NewFilterFS(fsutil.NewRootFS(fsutil.NewRoot(root)), &fsutil.FilterOpt{Map: stamp})
	if err != nil {
		return nil, fmt.Errorf("open the source: %w", err)
	}
	dockerfile := staticfs.NewFS()
	add := func(name string, data []byte) {
		at := stampTime(0, crc32.Checksum(data, castagnoli))
		dockerfile.Add(name, &fstypes.Stat{Mode: 0o644, ModTime: at}, data)
	}
	add(dockerfileName, job.Dockerfile)
	if job.Ignore != nil {
		add(dockerfileName+".dockerignore", job.Ignore)
	}
	return filesync.StaticDirSource{"context": files, "dockerfile": dockerfile}, nil
}

// stampTime replaces the fraction of a second of a time in nanoseconds.
func stampTime(ns int64, sum uint32) int64 {
	second := int64(time.Second)
	return ns - ns%second + int64(sum)%second
}

// checksum gives 0 for a file that cannot be read: sending it will fail in
// turn, with an error that names it.
func checksum(root *os.Root, path string) uint32 {
	file, err := root.Open(path)
	if err != nil {
		return 0
	}
	defer func() { _ = file.Close() }()
	hash := crc32.New(castagnoli)
	if _, err := io.Copy(hash, file); err != nil {
		return 0
	}
	return hash.Sum32()
}
