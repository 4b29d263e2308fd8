package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// logWriter writes files the way an engine does.
type logWriter struct {
	t     *testing.T
	path  string
	size  int // from which on it goes on to the next file
	keep  int
	file  *os.File
	bytes int
	now   time.Time

	rotated func()
}

func newLogWriter(t *testing.T, size, keep int) *logWriter {
	t.Helper()
	w := &logWriter{t: t, path: filepath.Join(t.TempDir(), "instance", "x-json.log"), size: size, keep: keep, now: time.Unix(1e9, 0), rotated: func() {}}
	w.must(os.Mkdir(filepath.Dir(w.path), 0o700))
	w.open()
	t.Cleanup(func() { _ = w.file.Close() })
	return w
}

func (w *logWriter) must(err error) {
	w.t.Helper()
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.t.Fatal(err)
	}
}

func (w *logWriter) open() {
	var err error
	w.file, err = os.OpenFile(w.path, os.O_WRONLY|os.O_TRUNC|os.O_CREATE, 0o600)
	w.must(err)
	w.bytes = 0
}

func (w *logWriter) write(text string, stderr bool) {
	if w.bytes >= w.size {
		w.must(w.file.Close())
		for i := w.keep - 1; i > 1; i-- {
			w.must(os.Rename(fmt.Sprint(w.path, ".", i-1), fmt.Sprint(w.path, ".", i)))
		}
		w.must(os.Rename(w.path, w.path+".1"))
		w.open()
		w.rotated()
	}
	stream := "stdout"
	if stderr {
		stream = "stderr"
	}
	n, err := fmt.Fprintf(w.file, `{"log":"%s","stream":"%s","time":"%s"}`+"\n", text, stream, w.now.UTC().Format(time.RFC3339Nano))
	w.must(err)
	w.bytes += n
}

func (w *logWriter) line(n int) { w.write(fmt.Sprintf(`line %d\n`, n), n%3 == 0) }

// follow hands batches to take until it wants no more, and then returns.
func (w *logWriter) follow(place deployer.LogPlace, take func(deployer.LogBatch) bool) error {
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	var notices notifier
	err := readLog(ctx, &notices, w.path, place, take)
	if errors.Is(err, errStopped) {
		return nil
	}
	return err
}

func TestLogFilesRotateUnderASlowReader(t *testing.T) {
	const total, ahead = 5000, 80 // lines; a file takes some 50
	w := newLogWriter(t, 4<<10, 4)
	free := make(chan struct{}, total+ahead)
	for range ahead {
		free <- struct{}{}
	}
	go func() {
		for n := range total {
			<-free
			w.line(n)
		}
	}()
	next := 0
	err := w.follow(deployer.LogPlace{}, func(b deployer.LogBatch) bool {
		if b.Lost != 0 {
			t.Errorf("%d lines are left out after %d", b.Lost, next)
		}
		for _, line := range b.Lines {
			if line.Text != fmt.Sprint("line ", next) || line.Stderr != (next%3 == 0) {
				t.Fatalf("got %+v, want line %d", line, next)
			}
			next++
			free <- struct{}{}
		}
		return next < total
	})
	if err != nil || next != total {
		t.Errorf("%d lines: %v", next, err)
	}
}

// A reader that stands still holds some files, and knows how many lines it
// could not keep.
func TestLogFilesLeftOutAreCounted(t *testing.T) {
	const total = 20_000
	w := newLogWriter(t, 20<<10, 3)
	seen, lost, next := 0, 0, 0
	r := &logReader{chain: logChain{path: w.path}, yield: func(b deployer.LogBatch) bool {
		if b.Lost < 0 {
			t.Fatal("a file was missed altogether")
		}
		lost, next = lost+int(b.Lost), next+int(b.Lost)
		for _, line := range b.Lines {
			if line.Text != fmt.Sprint("line ", next) {
				t.Fatalf("got %+v, want line %d", line, next)
			}
			seen, next = seen+1, next+1
		}
		return true
	}}
	defer r.chain.close()
	w.must(r.begin(deployer.LogPlace{}))
	w.rotated = func() { w.must(r.chain.refresh()) }
	for n := range total {
		w.line(n)
	}
	w.must(r.read(t.Context()))
	if seen+lost != total || lost == 0 || len(r.chain.held) != 1 {
		t.Errorf("%d lines read and %d left out of %d, %d files held", seen, lost, total, len(r.chain.held))
	}
}

// From the end of every batch reading goes on with the next line, over files
// that were renamed meanwhile, with all times the same and long lines in
// pieces; a place whose file is gone is known to be gone.
func TestLogFilesResume(t *testing.T) {
	w := newLogWriter(t, 4<<20, 4)
	piece := strings.Repeat("y", 16<<10)
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 8000 {
		if r.IntN(50) == 0 { // a long line of one output between lines of the other
			w.write(piece, false)
			w.write(`between\n`, true)
			w.write(piece, false)
			w.write(`end\n`, false)
		}
		w.line(n)
	}
	var all []deployer.LogLine
	type stop struct {
		place deployer.LogPlace
		lines int
	}
	var stops []stop
	w.must(w.follow(deployer.LogPlace{}, func(b deployer.LogBatch) bool {
		all = append(all, b.Lines...)
		if b.End != (deployer.LogPlace{}) {
			stops = append(stops, stop{b.End, len(all)})
		}
		return all[len(all)-1].Text != "line 7999"
	}))
	if len(stops) < 3 {
		t.Fatalf("only %d places", len(stops))
	}
	for _, at := range stops[:len(stops)-1] {
		var rest []deployer.LogLine
		w.must(w.follow(at.place, func(b deployer.LogBatch) bool {
			rest = append(rest, b.Lines...)
			return rest[len(rest)-1].Text != "line 7999"
		}))
		if len(rest) != len(all)-at.lines || rest[0] != all[at.lines] {
			t.Fatalf("%d lines behind place %+v, want %d", len(rest), at.place, len(all)-at.lines)
		}
	}
	w.now = w.now.Add(time.Hour)
	for range 1200 {
		w.write(piece, false)
	}
	if err := w.follow(stops[0].place, func(deployer.LogBatch) bool { return false }); !errors.Is(err, deployer.ErrPlaceGone) {
		t.Errorf("a place in a deleted file gives %v", err)
	}
}

// What was written before an instance is removed is read to its end, and the
// end of an unfinished line with it.
func TestLogFilesOfARemovedInstance(t *testing.T) {
	w := newLogWriter(t, 1<<20, 3)
	w.line(1)
	var got bytes.Buffer
	err := w.follow(deployer.LogPlace{}, func(b deployer.LogBatch) bool {
		if got.Len() == 0 {
			w.line(2)
			w.write("last words", false)
			w.must(os.RemoveAll(filepath.Dir(w.path)))
		}
		for _, line := range b.Lines {
			got.WriteString(line.Text + ".")
		}
		return true
	})
	if got.String() != "line 1.line 2.last words." || err != nil {
		t.Errorf("%q, %v", got.String(), err)
	}
}

// What nobody told of is found all the same: here the folder that is watched is
// not the one in which the engine goes on.
func TestLogFilesAreLookedAtUntold(t *testing.T) {
	w := newLogWriter(t, 1<<20, 3)
	w.line(1)
	link := filepath.Join(t.TempDir(), "instance")
	w.must(os.Symlink(filepath.Dir(w.path), link))
	other := newLogWriter(t, 1<<20, 3)
	other.line(2)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	notices := notifier{every: time.Millisecond}
	var got []string
	err := readLog(ctx, &notices, filepath.Join(link, "x-json.log"), deployer.LogPlace{}, func(b deployer.LogBatch) bool {
		for _, line := range b.Lines {
			got = append(got, line.Text)
		}
		if len(got) == 1 {
			w.must(os.Symlink(filepath.Dir(other.path), link+".new"))
			w.must(os.Rename(link+".new", link))
		}
		return len(got) < 2
	})
	if !errors.Is(err, errStopped) || strings.Join(got, ".") != "line 1.line 2" {
		t.Errorf("%q, %v", got, err)
	}
}

// A file that somebody empties, and lines that a crash tore, cost no more than
// themselves.
func TestLogFilesThatWereTamperedWith(t *testing.T) {
	w := newLogWriter(t, 1<<20, 3)
	w.line(1)
	_, err := w.file.WriteString(`{"log":"torn`)
	w.must(err)
	w.line(2)
	var got []string
	w.must(w.follow(deployer.LogPlace{}, func(b deployer.LogBatch) bool {
		for _, line := range b.Lines {
			if got = append(got, line.Text); line.Text == "line 2" {
				w.must(os.Truncate(w.path, 0)) // the engine goes on where it was
				go func() {
					time.Sleep(20 * time.Millisecond) // the reader sees the empty file
					w.line(3)
				}()
			}
		}
		return got[len(got)-1] != "line 3"
	}))
	if strings.Join(got, ".") != "line 1.line 2.line 3" {
		t.Errorf("%q", got)
	}
}

func BenchmarkLogFiles(b *testing.B) {
	path := filepath.Join(b.TempDir(), "x-json.log")
	const lines = 100_000
	if err := os.WriteFile(path, bytes.Repeat([]byte(`{"log":"`+strings.Repeat("x", 200)+`\n`+entryTail+"\n"), lines), 0o600); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		var notices notifier
		_ = readLog(b.Context(), &notices, path, deployer.LogPlace{}, func(batch deployer.LogBatch) bool { // until it wants no more
			n += len(batch.Lines)
			return n < lines
		})
	}
	b.ReportMetric(float64(lines*b.N)/b.Elapsed().Seconds(), "lines/s")
}
