package docker

import (
	"cmp"
	"encoding/binary"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// notifier hears of changes in folders. All of a server's watches share one
// inotify instance, of which a machine has few. The zero value is ready; it
// holds nothing while nobody watches. It is safe for concurrent use.
type notifier struct {
	mu      sync.Mutex
	queue   *os.File
	watches map[int32][]*watch
	ended   chan struct{} // closed with the queue
	every   time.Duration // between two looks at all folders; 0 for lookAgain
}

// watch is somebody's interest in a folder. made is called for a name that is
// new there, and changed for any other change. look is called now and then,
// whether or not anything was told. None of them may block.
type watch struct {
	made    func()
	changed func()
	look    func()
}

const (
	notifyMask = syscall.IN_MODIFY | syscall.IN_CREATE | syscall.IN_MOVED_TO | syscall.IN_DELETE | syscall.IN_DELETE_SELF | syscall.IN_ONLYDIR

	// notifyPause lets changes gather between two looks: a busy container
	// writes hundreds of thousands of lines a second.
	notifyPause = 2 * time.Millisecond

	// lookAgain is how often a folder is looked at although nobody told of a
	// change. One goroutine does so for all: to wake one for each of hundreds of
	// quiet instances would be most of what a server at rest does.
	lookAgain = 5 * time.Second
)

// watch calls w's functions from now on, until stop is called.
func (n *notifier) watch(dir string, w *watch) (stop func(), err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.queue == nil {
		fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
		if err != nil {
			return nil, os.NewSyscallError("inotify_init1", err)
		}
		n.queue, n.watches, n.ended = os.NewFile(uintptr(fd), "inotify"), map[int32][]*watch{}, make(chan struct{})
		go n.run(n.queue)
		go n.lookAround(n.ended)
	}
	id, err := syscall.InotifyAddWatch(fdOf(n.queue), dir, notifyMask)
	if err != nil {
		n.rest()
		return nil, os.NewSyscallError("inotify_add_watch", err)
	}
	n.watches[int32(id)] = append(n.watches[int32(id)], w)
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.unwatch(int32(id), w)
	}, nil
}

// unwatch removes a watch. The caller holds the lock.
func (n *notifier) unwatch(id int32, w *watch) {
	left := slices.DeleteFunc(slices.Clone(n.watches[id]), func(other *watch) bool { return other == w })
	if len(left) > 0 {
		n.watches[id] = left
		return
	}
	if n.watches[id] != nil { // the folder is still there
		_, _ = syscall.InotifyRmWatch(fdOf(n.queue), uint32(id)) // or was, just now
		delete(n.watches, id)
	}
	n.rest()
}

// fdOf gives a file's descriptor and leaves it non-blocking, which Fd does not.
func fdOf(f *os.File) (fd int) {
	raw, err := f.SyscallConn()
	if err == nil {
		err = raw.Control(func(p uintptr) { fd = int(p) })
	}
	if err != nil {
		return -1
	}
	return fd
}

// rest lets go of the queue when nobody watches. The caller holds the lock.
func (n *notifier) rest() {
	if len(n.watches) == 0 && n.queue != nil {
		_ = n.queue.Close() // ends run
		close(n.ended)
		n.queue = nil
	}
}

// lookAround has everybody look now and then until ended is closed.
func (n *notifier) lookAround(ended <-chan struct{}) {
	tick := time.NewTicker(cmp.Or(n.every, lookAgain))
	defer tick.Stop()
	var all []*watch
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
		}
		n.mu.Lock()
		all = all[:0]
		for _, some := range n.watches {
			all = append(all, some...)
		}
		n.mu.Unlock()
		for _, w := range all {
			w.look()
		}
	}
}

// run tells of changes until the queue is closed.
func (n *notifier) run(queue *os.File) {
	buf := make([]byte, 64<<10)
	for {
		size, err := queue.Read(buf)
		if err != nil {
			return
		}
		n.tell(queue, buf[:size])
		time.Sleep(notifyPause) // more changes gather meanwhile
	}
}

func (n *notifier) tell(queue *os.File, events []byte) {
	for len(events) >= syscall.SizeofInotifyEvent {
		id := int32(binary.NativeEndian.Uint32(events))
		mask := binary.NativeEndian.Uint32(events[4:])
		size := syscall.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(events[12:]))
		events = events[min(size, len(events)):]
		n.mu.Lock()
		var told []*watch
		if n.queue == queue {
			told = slices.Clone(n.watches[id])
			if mask&syscall.IN_Q_OVERFLOW != 0 { // some changes were not told
				for _, all := range n.watches {
					told = append(told, all...)
				}
				mask |= syscall.IN_CREATE
			}
			if mask&syscall.IN_IGNORED != 0 { // the folder is gone
				delete(n.watches, id)
			}
		}
		n.mu.Unlock()
		for _, w := range told {
			if mask&(syscall.IN_CREATE|syscall.IN_MOVED_TO) != 0 {
				w.made()
			}
			w.changed()
		}
	}
}

// inode tells files apart that exist at the same time.
func inode(info os.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ino
	}
	return 0
}
