package logs_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/docker"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/server/logs"
)

// collect runs a Collector until the function it gives is called, which waits.
func collect(t testing.TB, s *logs.Store, cluster logs.Cluster) (stop func()) {
	t.Helper()
	_, stop = collector(t, s, cluster)
	return stop
}

func collector(t testing.TB, s *logs.Store, cluster logs.Cluster) (*logs.Collector, func()) {
	t.Helper()
	c := logs.NewCollector(s, cluster, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); c.Run(ctx) }()
	stop := func() { cancel(); <-done }
	t.Cleanup(stop)
	return c, stop
}

// said gives what the app's stream says, each line after its origin.
func said(t *testing.T, s *logs.Store) []string {
	t.Helper()
	lines, err := s.Tail(t.Context(), "app-a1", 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, line := range lines {
		origin := string(line.Source)
		if line.Source == logs.SourceApp {
			origin = line.Stream
		}
		texts = append(texts, origin+": "+line.Text)
	}
	return texts
}

func waitFor(t *testing.T, s *logs.Store, want string) {
	t.Helper()
	eventually(t, "the log says "+want, func() error {
		texts := said(t, s)
		for _, text := range texts {
			if text == want {
				return nil
			}
		}
		if n := len(texts); n > 10 {
			texts = texts[n-10:]
		}
		return fmt.Errorf("it says %q", texts)
	})
}

func wantSaid(t *testing.T, s *logs.Store, want ...string) {
	t.Helper()
	if got := said(t, s); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the log says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func workload() deployer.Workload {
	return deployer.Workload{
		ID:      deployer.WorkloadID{App: "a1", Process: "worker", Release: 3},
		AppName: "hello", Image: "app", Instances: 1,
	}
}

func engine(t *testing.T, program memory.Program) *memory.Cluster {
	t.Helper()
	e := memory.NewEngine()
	e.AddImage("app", program)
	c := memory.New(e, "test")
	t.Cleanup(func() { remove(t, c) })
	return c
}

func ensure(t testing.TB, c deployer.Cluster, w deployer.Workload) {
	t.Helper()
	if err := c.Ensure(t.Context(), w); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, c deployer.Cluster) {
	t.Helper()
	if err := c.Remove(context.Background(), workload().ID, time.Second); err != nil {
		t.Error(err)
	}
}

func TestCollectsALife(t *testing.T) {
	c := engine(t, func(ctx context.Context, p *memory.Process) int {
		_, _ = fmt.Fprintln(p.Stdout, "\x1b[32mhello\x1b[0m")
		_, _ = fmt.Fprintln(p.Stderr, "oops")
		<-ctx.Done()
		_, _ = fmt.Fprintln(p.Stdout, "bye")
		return 3
	})
	s := open(t, t.TempDir(), logs.Options{})
	collect(t, s, c)
	ensure(t, c, workload())
	waitFor(t, s, "stderr: oops")
	remove(t, c)
	waitFor(t, s, "slipway: worker.v3.1 removed")
	wantSaid(t, s,
		"slipway: worker.v3.1 started", "stdout: \x1b[32mhello\x1b[0m", "stderr: oops", "stdout: bye",
		"slipway: worker.v3.1 exited with code 3", "slipway: worker.v3.1 removed")
	lines, err := s.Tail(t.Context(), "app-a1", 5)
	if err != nil {
		t.Fatal(err)
	}
	if l := lines[0]; l.Process != "worker" || l.Instance != "hello.worker.v3.1" {
		t.Errorf("the line comes from %q %q", l.Process, l.Instance)
	}
}

func TestCollectsWhatDiedBeforeAnybodyLooked(t *testing.T) {
	c := engine(t, func(_ context.Context, p *memory.Process) int {
		_, _ = fmt.Fprintln(p.Stderr, "no database")
		p.Allocate(64)
		return 0
	})
	w := workload()
	w.Limits.MemoryBytes = 32 << 20
	ensure(t, c, w)
	eventually(t, "it has exited", func() error {
		list, err := c.Instances(t.Context(), "a1")
		if err == nil && (len(list) != 1 || list[0].State != deployer.StateExited) {
			err = fmt.Errorf("%+v", list)
		}
		return err
	})
	s := open(t, t.TempDir(), logs.Options{})
	stop := collect(t, s, c)
	want := []string{"slipway: worker.v3.1 started", "stderr: no database", "slipway: worker.v3.1 exited with code 137 (out of memory)"}
	waitFor(t, s, want[2])
	wantSaid(t, s, want...)
	stop()
	collect(t, s, c) // and says nothing twice
	remove(t, c)
	waitFor(t, s, "slipway: worker.v3.1 removed")
	wantSaid(t, s, append(want, "slipway: worker.v3.1 removed")...)
}

// TestNoLossAndNoDoubleOverRestarts stops the server again and again while an
// app writes on both of its outputs, with its notes in order, lost, and old.
func TestNoLossAndNoDoubleOverRestarts(t *testing.T) {
	const total = 6000
	c := engine(t, func(ctx context.Context, p *memory.Process) int {
		for i := range total {
			out := p.Stdout
			if i%3 == 0 {
				out = p.Stderr
			}
			_, _ = fmt.Fprintln(out, i)
			if i%10 == 0 {
				time.Sleep(time.Millisecond) // an app that takes its time
			}
		}
		return memory.Idle(ctx, p)
	})
	dir := t.TempDir()
	notes := filepath.Join(dir, "cursors.json")
	ensure(t, c, workload())
	var old []byte
	for round := 1; round <= 12; round++ {
		s, err := logs.Open(dir, logs.Options{SegmentBytes: 64 << 10}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		stop := collect(t, s, c)
		eventually(t, "there are more lines", func() error {
			last, err := s.Last("app-a1")
			if err == nil && last < int64(round*total/13) {
				err = fmt.Errorf("there are %d", last)
			}
			return err
		})
		stop()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		switch round % 3 {
		case 0: // as if it was killed before its first notes
			if err := os.Remove(notes); err != nil {
				t.Fatal(err)
			}
		case 1:
			if old, err = os.ReadFile(notes); err != nil {
				t.Fatal(err)
			}
		case 2: // as if it was killed since
			if err := os.WriteFile(notes, old, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := open(t, dir, logs.Options{})
	collect(t, s, c)
	waitFor(t, s, fmt.Sprintf("stdout: %d", total-1))
	want := []string{"slipway: worker.v3.1 started"}
	for i := range total {
		stream := "stdout"
		if i%3 == 0 {
			stream = "stderr"
		}
		want = append(want, fmt.Sprintf("%s: %d", stream, i))
	}
	got := said(t, s)
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("line %d is %q, want %q", i, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d lines, want %d", len(got), len(want))
	}
}

func TestCollectsThroughAnEngineThatIsAway(t *testing.T) {
	e := memory.NewEngine()
	say := make(chan string)
	e.AddImage("app", func(ctx context.Context, p *memory.Process) int {
		for {
			select {
			case text := <-say:
				_, _ = fmt.Fprintln(p.Stdout, text)
			case <-ctx.Done():
				return 0
			}
		}
	})
	c := memory.New(e, "test")
	t.Cleanup(func() { remove(t, c) })
	s := open(t, t.TempDir(), logs.Options{})
	collect(t, s, c)
	ensure(t, c, workload())
	say <- "one"
	waitFor(t, s, "stdout: one")
	e.SetAway(true)
	say <- "two"
	e.SetAway(false)
	say <- "three"
	waitFor(t, s, "stdout: three")
	wantSaid(t, s, "slipway: worker.v3.1 started", "stdout: one", "stdout: two", "stdout: three")
}

func TestForget(t *testing.T) {
	c := engine(t, func(ctx context.Context, p *memory.Process) int {
		_, _ = fmt.Fprintln(p.Stdout, "hello")
		return memory.Idle(ctx, p)
	})
	dir := t.TempDir()
	s := open(t, dir, logs.Options{})
	col, stop := collector(t, s, c)
	ensure(t, c, workload())
	waitFor(t, s, "stdout: hello")
	if err := col.Forget("a1"); err != nil {
		t.Fatal(err)
	}
	remove(t, c)
	stop()
	if _, err := os.Stat(filepath.Join(dir, "streams", "app-a1")); !os.IsNotExist(err) {
		t.Errorf("the stream is there: %v", err)
	}
	if raw, err := os.ReadFile(filepath.Join(dir, "cursors.json")); err != nil || strings.Contains(string(raw), "a1") {
		t.Errorf("its notes are there: %s, %v", raw, err)
	}
}

// TestCollectsFromDocker runs a container that writes, is restarted by the
// engine, and goes, with two servers one after the other.
func TestCollectsFromDocker(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	c, w := dockerApp(ctx, t)
	w.Env = map[string]string{"TEST_ERR": "booting"}

	dir := t.TempDir()
	s, err := logs.Open(dir, logs.Options{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	stop := collect(t, s, c)
	ensure(t, c, w)
	if err := c.WaitHealthy(ctx, w.ID); err != nil {
		t.Fatal(err)
	}
	ask(ctx, t, c, "/log?n=5000&from=0")
	waitFor(t, s, "stdout: line 2000")
	stop()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ask(ctx, t, c, "/log?n=1000&from=5000") // while nobody reads
	s = open(t, dir, logs.Options{})
	collect(t, s, c)
	waitFor(t, s, "stdout: line 5999")
	ask(ctx, t, c, "/exit?code=7")
	waitFor(t, s, "slipway: web.v3.1 exited with code 7")
	eventually(t, "it runs again", func() error {
		list, err := c.Instances(ctx, "a1")
		if err == nil && (len(list) != 1 || list[0].Restarts != 1 || list[0].State != deployer.StateHealthy) {
			err = fmt.Errorf("%+v", list)
		}
		return err
	})
	ask(ctx, t, c, "/log?n=10&from=6000&stream=stderr")
	waitFor(t, s, "stderr: line 6009")
	if err := c.Remove(ctx, w.ID, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	waitFor(t, s, "slipway: web.v3.1 removed")

	want := []string{"slipway: web.v3.1 started", "stderr: booting"}
	for i := range 6000 {
		want = append(want, fmt.Sprintf("stdout: line %d", i))
	}
	want = append(want, "slipway: web.v3.1 exited with code 7", "slipway: web.v3.1 started", "stderr: booting")
	for i := 6000; i < 6010; i++ {
		want = append(want, fmt.Sprintf("stderr: line %d", i))
	}
	// The engine may drop the last word with the container.
	want = append(want, "slipway: web.v3.1 exited with code 0", "slipway: web.v3.1 removed")
	var got []string
	for _, text := range said(t, s) {
		if text != "stdout: bye" {
			got = append(got, text)
		}
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("line %d is %q, want %q", i, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d lines, want %d", len(got), len(want))
	}
}

// TestKeepsUpWithRotation has a container write more, and faster, than the
// engine lets a follower see: its files rotate underneath.
func TestKeepsUpWithRotation(t *testing.T) {
	const total = 100_000
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	c, w := dockerApp(ctx, t)
	s := open(t, t.TempDir(), logs.Options{})
	collect(t, s, c)
	ensure(t, c, w)
	if err := c.WaitHealthy(ctx, w.ID); err != nil {
		t.Fatal(err)
	}
	filler := strings.Repeat("x", 190)
	ask(ctx, t, c, fmt.Sprintf("/log?n=%d&from=0&size=190", total))
	next := 0
	for batch, err := range s.Follow(ctx, "app-a1", logs.FollowOptions{}) {
		if err != nil || batch.Gap != nil {
			t.Fatalf("after %d lines: %v, gap %+v", next, err, batch.Gap)
		}
		for _, line := range batch.Lines {
			if line.Source != logs.SourceApp {
				continue
			}
			if want := fmt.Sprintf("line %d", next); line.Text != want+filler {
				t.Fatalf("got %.20q, want %q", line.Text, want)
			}
			next++
		}
		if next >= total {
			return
		}
	}
}

// dockerApp gives a driver with an installation of its own, and a workload.
func dockerApp(ctx context.Context, t testing.TB) (*docker.Cluster, deployer.Workload) {
	t.Helper()
	installation := "logtest-" + strings.ToLower(rand.Text()[:8])
	c, err := docker.New(docker.Options{Installation: installation, NetworkPool: "10.218.0.0/16"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.RemoveInstallation(context.Background()); err != nil {
			t.Error(err)
		}
	})
	w := workload()
	w.ID.Process, w.Port, w.Image = "web", 8080, testImage(ctx, t, c, installation)
	return c, w
}

// testImage makes an image of the app that drivers are tested with.
func testImage(ctx context.Context, t testing.TB, c *docker.Cluster, installation string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "testapp")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "../../deployer/clustertest/testapp/main")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	tag := "slipway-testapp:" + installation
	_, err := c.ImportBinary(ctx, docker.Import{
		Tag: tag, Entrypoint: []string{"/testapp"}, Ports: []int{8080},
		Labels: map[string]string{docker.LabelInstallation: installation},
	}, "testapp", program)
	if err != nil {
		t.Fatal(err)
	}
	return tag
}

// ask sends the only instance a request.
func ask(ctx context.Context, t testing.TB, c *docker.Cluster, path string) {
	t.Helper()
	if err := request(ctx, c, path); err != nil {
		t.Fatal(err)
	}
}

func request(ctx context.Context, c *docker.Cluster, path string) error {
	list, err := c.Instances(ctx, "a1")
	if err != nil || len(list) != 1 {
		return fmt.Errorf("instances: %+v, %w", list, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+list[0].Address+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_, _ = bufio.NewReader(response.Body).ReadString(0) // to its end
	return response.Body.Close()
}
