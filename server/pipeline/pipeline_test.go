package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/logs"
)

// still is a pipeline that has nothing but its own memory.
func still(t *testing.T) *Pipeline {
	t.Helper()
	return New(Deps{Logger: slog.New(slog.DiscardHandler), Settings: Settings{DataDir: t.TempDir(), BuildConcurrency: 1}})
}

func TestTurns(t *testing.T) {
	p := still(t)
	at, mine := p.takeTurn("app")
	if _, again := p.takeTurn("app"); !mine || again {
		t.Fatal("two have the same turn")
	}
	if _, other := p.takeTurn("other"); !other {
		t.Error("apps wait for each other")
	}
	// The note that the second one left is followed once.
	if !p.onceMore("app", at, true) {
		t.Error("a note was overlooked")
	}
	// What can wait is broken off by the next note, also by one that was left
	// before it began.
	ctx, stop := p.untilNudged(t.Context(), "app")
	if ctx.Err() != nil {
		t.Error("it was broken off for nothing")
	}
	if !p.nudge("app") || p.nudge("nobody's") {
		t.Error("who has a turn is not known")
	}
	if ctx.Err() == nil {
		t.Error("it was not broken off")
	}
	stop()
	ctx, stop = p.untilNudged(t.Context(), "app")
	if ctx.Err() == nil {
		t.Error("a note from before was overlooked")
	}
	stop()
	if p.onceMore("app", at, false) {
		t.Error("a note is followed by one who may not")
	}
	if _, mine = p.takeTurn("app"); !mine {
		t.Error("the turn was not given back")
	}
}

func TestAlone(t *testing.T) {
	p := still(t)
	at, _ := p.takeTurn("app")
	p.nudge("app")
	began := make(chan struct{})
	go func() {
		ctx, stop := p.untilNudged(context.Background(), "app")
		defer stop()
		at.again = false
		close(began)
		<-ctx.Done()
		for p.onceMore("app", at, true) {
		}
	}()
	<-began
	done, err := p.alone(t.Context(), "app")
	if err != nil || done == nil {
		t.Fatalf("who can wait did not leave: %v", err)
	}
	if _, mine := p.takeTurn("app"); mine {
		t.Error("it is not alone")
	}
	done()
	if _, mine := p.takeTurn("app"); !mine {
		t.Error("it did not give the turn back")
	}
	// Somebody who does not leave is not waited for any longer than a moment.
	if done, err := p.alone(t.Context(), "app"); err != nil || done != nil {
		t.Errorf("two are at an app: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.alone(gone, "app"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWaitersDoNotPileUp(t *testing.T) {
	p := still(t)
	one, leaveOne := p.await("d")
	two, leaveTwo := p.await("d")
	leaveOne()
	select {
	case <-two:
		t.Error("one who leaves wakes the others")
	default:
	}
	p.ended("d")
	<-one
	<-two
	leaveTwo()
	var waiting sync.WaitGroup
	for i := range 100 {
		waiting.Go(func() {
			ended, leave := p.await(fmt.Sprint(i % 10))
			defer leave()
			if i%3 == 0 {
				p.ended(fmt.Sprint(i % 10))
				<-ended
			}
		})
	}
	waiting.Wait()
	p.ended("nobody's")
	if len(p.waiters) != 0 {
		t.Errorf("%d are left", len(p.waiters))
	}
}

func TestUnsettled(t *testing.T) {
	p := still(t)
	p.unsettle("app")
	if due := p.unsettledNow(); len(due) != 0 {
		t.Errorf("%v is asked at once again", due)
	}
	p.unsettled["app"] = time.Now().Add(-time.Second)
	if due := p.unsettledNow(); len(due) != 1 || due[0] != "app" {
		t.Errorf("due is %v", due)
	}
	if due := p.unsettledNow(); len(due) != 0 {
		t.Errorf("%v is asked twice", due)
	}
	p.settled("app")
	if len(p.unsettled) != 0 {
		t.Error("it is still unsettled")
	}
}

func TestPersist(t *testing.T) {
	away := fmt.Errorf("write: %w", store.ErrAway)
	tries := 0
	err := persist(t.Context(), func() error {
		if tries++; tries < 4 {
			return away
		}
		return nil
	})
	if err != nil || tries != 4 {
		t.Errorf("%v after %d", err, tries)
	}
	other := models.Errorf(models.KindUnavailable, "the disk is full")
	tries = 0
	if err := persist(t.Context(), func() error { tries++; return other }); !errors.Is(err, other) || tries != 1 {
		t.Errorf("%v after %d: what is not Postgres is not repeated", err, tries)
	}
	short, cancel := context.WithTimeout(t.Context(), 120*time.Millisecond)
	defer cancel()
	if err := persist(short, func() error { return away }); !errors.Is(err, store.ErrAway) {
		t.Errorf("got %v", err)
	}
}

func TestExplain(t *testing.T) {
	p := still(t)
	unhealthy := &deployer.Unhealthy{Instance: deployer.Instance{Name: "hello.web.v1.1"}, Reason: "exited with code 1"}
	for want, err := range map[string]error{
		"hello.web.v1.1: exited with code 1":    errors.Join(fmt.Errorf("up: %w", unhealthy), errors.New("undo: dial tcp 10.0.0.1")),
		"step 3 failed":                         fmt.Errorf("build: %w", &builder.Failure{Message: "step 3 failed", Err: errors.New("secret")}),
		"no such release: v9":                   models.NotFound("release", "v9"),
		"the container engine is not answering": fmt.Errorf("dial unix: %w", deployer.ErrUnavailable),
		"the server's disk is full":             fmt.Errorf("write /var/lib/x: %w", syscall.ENOSPC),
		"it did not end in time":                fmt.Errorf("x: %w", context.DeadlineExceeded),
		"the release's image is no longer on the engine; deploy its source again": fmt.Errorf("x: %w", deployer.ErrNoImage),
		"on the cluster far: a.web.v1.1: no such image: node n1 cannot fetch it":  fmt.Errorf("up: %w", &deployer.ClusterError{Cluster: "far", Err: fmt.Errorf("a.web.v1.1: %w: node n1 cannot fetch it", deployer.ErrNoImage)}),
		models.SafeMessage(errors.New("anything")):                                errors.New("open /var/lib/slipway/secret: denied"),
	} {
		if got := p.explain(&models.Deployment{}, err); got != want {
			t.Errorf("%v: %q instead of %q", err, got, want)
		}
	}
}

func FuzzStorable(f *testing.F) {
	f.Add("hello", 10)
	f.Add("a\x00b\xff", 3)
	f.Add(strings.Repeat("é", 100), 33)
	f.Add("", 0)
	f.Fuzz(func(t *testing.T, text string, most int) {
		most = max(0, min(most, 1<<16))
		got := storable(text, most)
		if !utf8.ValidString(got) || strings.ContainsRune(got, 0) || len(got) > 3*most+len("…") {
			t.Fatalf("%q became %q", text, got)
		}
		if utf8.ValidString(text) && !strings.ContainsRune(text, 0) && len(text) <= most && got != text {
			t.Fatalf("%q became %q for nothing", text, got)
		}
	})
}

func TestJournalHides(t *testing.T) {
	p := still(t)
	var err error
	if p.Logs, err = logs.Open(t.TempDir(), logs.Options{}, slog.New(slog.NewTextHandler(io.Discard, nil))); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Logs.Close(); err != nil {
			t.Error(err)
		}
	}()
	j := p.journal(&models.Deployment{ID: "d"})
	j.hide(map[string]string{"A": "canary-1234", "B": "canary-1234-longer", "SHORT": "web", "SLIPWAY_APP": "frontend", "KEY": "-----BEGIN\nbody-of-the-key\n-----END"})
	j.hide(map[string]string{"C": "later-secret"})
	j.Say("%s and %s of frontend", "canary-1234-longer", "later-secret")
	j.Output("1", "body-of-the-key web", true)
	j.Step(builder.Step{ID: "1", Name: "RUN canary-1234", Error: "later-secret", Started: time.Now(), Ended: time.Now()})
	j.state(models.DeploymentFailed, j.clean("canary-1234"))
	j.lastWords(&deployer.Unhealthy{Instance: deployer.Instance{Name: "x"}, LastLogs: []deployer.LogLine{{Text: "canary-1234", Stderr: true}}})
	lines, _, err := p.Logs.Read(t.Context(), logs.DeploymentStream("d"), 0, 100)
	if err != nil || len(lines) != 6 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	all := fmt.Sprintf("%+v %+v", lines, lines[2].Step)
	for _, secret := range []string{"canary", "longer", "later", "body-of"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is in %s", secret, all)
		}
	}
	for _, kept := range []string{"frontend", "web", "RUN "} {
		if !strings.Contains(all, kept) {
			t.Errorf("%q is not in %s", kept, all)
		}
	}
}

func TestExposed(t *testing.T) {
	p := still(t)
	var err error
	if p.Logs, err = logs.Open(t.TempDir(), logs.Options{}, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Logs.Close(); err != nil {
			t.Error(err)
		}
	}()
	j := p.journal(&models.Deployment{ID: "d"})
	for _, c := range []struct {
		image builder.Image
		want  int
	}{
		{builder.Image{}, 8080},
		{builder.Image{Ports: []int{4000}}, 4000},
		{builder.Image{Ports: []int{22, 80}}, 80},
		{builder.Image{Ports: []int{22, 9999}}, 22},
		{builder.Image{Ports: []int{80, 3000}, Processes: []builder.Process{{Name: "web", Port: 7}}}, 7},
	} {
		got := processes(c.image, j)
		if len(got) != 1 || got[0].Name != "web" || got[0].Port != c.want {
			t.Errorf("%+v: %+v", c.image, got)
		}
	}
	worker := processes(builder.Image{Processes: []builder.Process{{Name: "worker"}}, Ports: []int{80}}, j)
	if len(worker) != 1 || worker[0].Port != 0 {
		t.Errorf("%+v", worker)
	}
}
