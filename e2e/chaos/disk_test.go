package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// smallDisk makes a file system of some megabytes in a file. It is gone when
// the test ends.
func smallDisk(t *testing.T, megabytes int) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "chaos-disk-")
	if err != nil {
		t.Fatal(err)
	}
	file, at := filepath.Join(dir, "file"), filepath.Join(dir, "disk")
	if err := os.Mkdir(at, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"truncate", "-s", fmt.Sprint(megabytes, "M"), "--", file},
		{"mkfs.ext4", "-q", "-m", "0", file},
		{"mount", "-o", "loop", "--", file, at},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			// Where there is no loop device, memory does.
			if args[0] != "mount" || syscall.Mount("tmpfs", at, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=755", megabytes)) != nil {
				t.Fatalf("%v: %v\n%s", args, err, out)
			}
		}
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(at, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
		_ = os.RemoveAll(dir)
	})
	return at
}

// fill leaves no byte free, and goes on taking what becomes free until empty is
// called.
func fill(t *testing.T, disk string) (empty func()) {
	t.Helper()
	path := filepath.Join(disk, "filler")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var filling sync.WaitGroup
	done := make(chan struct{})
	filling.Go(func() {
		for first := true; ; first = false {
			for _, size := range []int{1 << 20, 4096, 1} {
				for {
					if _, err := file.Write(make([]byte, size)); err != nil {
						break
					}
				}
			}
			if first {
				close(done)
			}
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond): // what is freed is taken soon
			}
		}
	})
	<-done
	var once sync.Once
	return func() {
		once.Do(func() {
			close(stop)
			filling.Wait()
			_ = file.Close()
			_ = os.Remove(path)
		})
	}
}

// fullData fills the disk with the data folder during a push, at any moment of
// it, and makes room again.
func fullData(t *testing.T, dice *rand.Rand) {
	disk := smallDisk(t, 200)
	h := settle(t, options{data: filepath.Join(disk, "data")})
	fullDisk(t, dice, h, disk)
}

// fullEngine does the same to the engine's disk.
func fullEngine(t *testing.T, dice *rand.Rand) {
	disk := smallDisk(t, 600)
	e := startEngine(t, filepath.Join(disk, "root"))
	h := settle(t, options{engineHost: e.host()})
	fullDisk(t, dice, h, disk)
}

// full is how a pusher is told, by Slipway or by git itself.
var full = regexp.MustCompile(`(?i)disk (is|may be) full|no space left|object directory`)

func fullDisk(t *testing.T, dice *rand.Rand, h *home, disk string) {
	s := h.first()
	repo := h.clone(t, "laden")
	repo.commit(t, "first")
	repo.deploy(t, s)
	h.sound(t, time.Minute, "the first push")
	crowd := h.crowd(t, repo.app)
	for i := range 4 {
		t.Run(fmt.Sprint("time-", i+1), func(t *testing.T) {
			repo.commit(t, fmt.Sprint("full-", i), nap(time.Second), "ENV DELAY=500ms")
			if err := os.WriteFile(filepath.Join(repo.dir, "cargo"), []byte(strings.Repeat(fmt.Sprint(dice.Uint64()), 1<<18)), 0o644); err != nil {
				t.Fatal(err)
			}
			repo.git(t, "add", "-A")
			repo.git(t, "commit", "-q", "-m", "Cargo")
			push := repo.push(t, s)
			time.Sleep(time.Duration(i) * 700 * time.Millisecond) // another moment of the push each time
			empty := fill(t, disk)
			defer empty()
			for n := range 200 {
				_, _, _ = h.visit(repo.app, fmt.Sprint("/say?text=full", n)) // fills the log
			}
			select {
			case <-push.done:
			case <-time.After(time.Duration(5+dice.IntN(10)) * time.Second):
			}
			empty()
			lifted := time.Now()
			<-push.done
			eventually(t, time.Minute, "the server is ready again", s.ready)
			h.sound(t, 90*time.Second, "a full disk")
			t.Logf("the push: %v, acknowledged as #%d; all well %s after there was room", push.err, push.acknowledged(), time.Since(lifted).Round(100*time.Millisecond))
			if push.err != nil && !full.MatchString(push.out) {
				t.Errorf("the pusher is not told that a disk is full:\n%s", push.out)
			}
			repo.commit(t, fmt.Sprint("room-", i))
			repo.deploy(t, s)
			crowd.unharmed(t, "a full disk")
		})
	}
	h.sound(t, time.Minute, "the last push")
	crowd.leave(t)
}
