package space

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// Item is something that takes disk.
type Item struct {
	Kind  Kind
	AppID string
	App   string // its name, "" when it is gone or there is none
	Name  string // what it is called among its kind
	Bytes int64
	Why   string // why it goes, in words; "" for what stays
}

// fate is what becomes of an item.
type fate int

const (
	stays    fate = iota
	byPolicy      // goes now
	whenHigh      // goes when there is too little room
)

// entry is an item with its fate.
type entry struct {
	Item
	fate fate
	goes int64     // bytes that go, which may be less than all of it
	upto time.Time // of logs: what was written before it goes; zero for all
}

// findings are all that takes disk.
type findings struct {
	entries []entry
	names   map[string]string // of the apps there are, by ID
	keep    store.Keeping
	unknown []string
}

func (f *findings) add(e entry) {
	e.App = f.names[e.AppID]
	if e.fate == stays {
		e.Why = ""
	} else if e.goes == 0 {
		e.goes = e.Bytes
	}
	f.entries = append(f.entries, e)
}

// gone says whether an ID is that of an app that is not there. What is looked at
// was listed before the apps were, so nothing that is only just coming is meant.
func (f *findings) gone(appID string) bool {
	_, there := f.names[appID]
	return !there && models.IsID(appID)
}

// settleTime is how old something must be that nothing names before it counts
// as left behind: what is being made may not be named yet.
const settleTime = time.Hour

// survey looks at everything. What cannot be looked at is named in unknown;
// without the database nothing can be told.
func (s *Service) survey(ctx context.Context) (*findings, error) {
	f := &findings{keep: s.Sources.Keeping()}
	listed := s.list(ctx, f)
	apps, err := s.Store.AllApps(ctx)
	if err != nil {
		return nil, err
	}
	f.names = make(map[string]string, len(apps))
	for _, app := range apps {
		f.names[app.ID] = app.Name
	}
	for _, judge := range []func(context.Context, *findings, *listing) error{
		s.judgeImages, s.judgeCache, s.judgeLogs, s.judgeSources, s.judgeFolders,
	} {
		if err := judge(ctx, f, listed); err != nil {
			return nil, err
		}
	}
	if bytes, err := s.Store.Bytes(ctx); err == nil {
		f.add(entry{Item: Item{Kind: KindDatabase, Name: "database", Bytes: bytes}})
	} else {
		f.miss("the database's size", err)
	}
	return f, nil
}

func (f *findings) miss(what string, err error) {
	f.unknown = append(f.unknown, what+": "+models.SafeMessage(err))
}

// folder is something with a name below a folder of ours.
type folder struct {
	name    string
	bytes   int64
	written time.Time
}

// folders measures what is directly below a folder; nothing when it is not there.
func folders(dir string) []folder {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var list []folder
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := os.Lstat(path)
		if err != nil {
			continue // it has just gone
		}
		list = append(list, folder{name: e.Name(), bytes: weigh(path), written: info.ModTime()})
	}
	return list
}

// weigh gives the bytes that a file or folder takes of the disk.
func weigh(path string) (n int64) {
	_ = filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // it has just gone, or is not ours to see
		}
		if info, err := entry.Info(); err == nil {
			n += blocks(info)
		}
		return nil
	})
	return n
}

// blocks gives the bytes that a file takes, which may be more than are in it, or
// fewer.
func blocks(info fs.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return info.Size()
}

// judgeFolders looks at repositories, figures and work.
func (s *Service) judgeFolders(_ context.Context, f *findings, l *listing) error {
	for kind, list := range map[Kind][]folder{KindRepositories: l.repositories, KindMetrics: l.metrics} {
		for _, one := range list {
			id := strings.TrimSuffix(one.name, ".git")
			e := entry{Item: Item{Kind: kind, AppID: id, Name: one.name, Bytes: one.bytes}}
			if !models.IsID(id) {
				e.AppID = "" // not an app's: a router's figures, a repository on its way out
			} else if f.gone(id) && time.Since(one.written) > settleTime {
				e.fate, e.Why = byPolicy, "its app is gone"
			}
			f.add(e)
		}
	}
	for _, one := range l.work {
		f.add(entry{Item: Item{Kind: KindWork, Name: one.name, Bytes: one.bytes}})
	}
	return nil
}

// days names a time to keep in words.
func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
