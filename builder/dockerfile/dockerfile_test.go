package dockerfile

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"

	"github.com/slipway-paas/slipway/builder"
	"github.com/slipway-paas/slipway/builder/buildertest"
	"github.com/slipway-paas/slipway/builder/buildkit"
)

type fixture struct {
	engine   *client.Client
	builder  *Builder
	progress *buildertest.Recorder
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	engine := buildertest.Engine(t)
	return &fixture{
		engine:   engine,
		builder:  New(buildkit.New(engine, slog.New(slog.DiscardHandler))),
		progress: buildertest.NewRecorder(nil),
	}
}

// build builds a tree with the tool at /tool in a fresh image.
func (f *fixture) build(t *testing.T, ctx context.Context, files map[string]string, change func(*builder.Request)) (builder.Image, error) {
	t.Helper()
	files["tool*"] = buildertest.Tool(t)
	req := builder.Request{
		Source:   builder.Source{Dir: buildertest.Tree(t, files)},
		Tag:      buildertest.Tag(t, f.engine),
		CacheKey: "slipway-test-" + buildertest.Token(),
	}
	if change != nil {
		change(&req)
	}
	return f.builder.Build(ctx, req, f.progress)
}

func failureOf(t *testing.T, err error) *builder.Failure {
	t.Helper()
	var failure *builder.Failure
	if !errors.As(err, &failure) {
		t.Fatalf("got %v, want a *builder.Failure", err)
	}
	return failure
}

func TestBuildMakesAnImageAndTellsItsSteps(t *testing.T) {
	f := newFixture(t)
	salt := buildertest.Token()
	made, err := f.build(t, t.Context(), map[string]string{
		"Dockerfile": "FROM scratch\nARG GREETING\nCOPY tool /tool\n" +
			"RUN [\"/tool\", \"echo\", \"out " + salt + "\"]\nRUN [\"/tool\", \"warn\", \"err " + salt + "\"]\n" +
			"RUN [\"/tool\", \"progress\", \"" + salt + "\"]\n" +
			"EXPOSE 9000 8080/tcp 53/udp\nENV GREETING=$GREETING\nCMD [\"/tool\", \"serve\"]\n",
		"slipway.yaml": "build:\n  args:\n    GREETING: hello\nprocesses:\n  web:\n    port: 8080\n    health: /up\n  worker:\n    command: /tool echo 'a b'\n",
	}, func(req *builder.Request) { req.Labels = map[string]string{"slipway.test": salt} })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{8080, 9000}, made.Ports); diff != "" {
		t.Errorf("ports: %s", diff)
	}
	want := []builder.Process{
		{Name: "web", Port: 8080, HealthPath: "/up"},
		{Name: "worker", Command: []string{"/tool", "echo", "a b"}},
	}
	if diff := cmp.Diff(want, made.Processes); diff != "" {
		t.Errorf("processes: %s", diff)
	}
	found, err := f.engine.ImageInspect(t.Context(), made.Reference)
	if err != nil {
		t.Fatal(err)
	}
	if made.Digest != found.ID || made.SizeBytes < int64(len(buildertest.Tool(t))) {
		t.Errorf("digest %s size %d, engine has %s", made.Digest, made.SizeBytes, found.ID)
	}
	if found.Config.Labels["slipway.test"] != salt {
		t.Errorf("labels: %v", found.Config.Labels)
	}
	if !strings.Contains(strings.Join(found.Config.Env, " "), "GREETING=hello") {
		t.Errorf("env: %v", found.Config.Env)
	}
	checkReports(t, f.progress.Reports())
	run, ok := f.progress.Last("out " + salt)
	if !ok || run.Cached || run.Error != "" || !run.Ended.After(run.Started) {
		t.Errorf("RUN step: %+v", run)
	}
	lines := map[buildertest.Line]bool{}
	for _, line := range f.progress.Lines() {
		line.StepID = ""
		lines[line] = true
	}
	for _, line := range []buildertest.Line{{Text: "out " + salt}, {Text: "err " + salt, Stderr: true}, {Text: "100%"}} {
		if !lines[line] {
			t.Errorf("no line %+v in %v", line, lines)
		}
	}
}

// checkReports holds the promise that each step is reported when it starts and
// again when it ends.
func checkReports(t *testing.T, reports []builder.Step) {
	t.Helper()
	counts := map[string][2]int{}
	for _, step := range reports {
		count := counts[step.ID]
		if step.Ended.IsZero() {
			count[0]++
		} else {
			count[1]++
		}
		counts[step.ID] = count
	}
	if len(counts) < 3 {
		t.Errorf("only %d steps", len(counts))
	}
	for id, count := range counts {
		if count != [2]int{1, 1} {
			t.Errorf("step %s started %d and ended %d times", id, count[0], count[1])
		}
	}
}

func TestBuildAgainIsCached(t *testing.T) {
	f := newFixture(t)
	salt := buildertest.Token()
	files := map[string]string{"Dockerfile": "FROM scratch\nCOPY tool /tool\nRUN [\"/tool\", \"echo\", \"" + salt + "\"]\n"}
	first, err := f.build(t, t.Context(), files, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.progress = buildertest.NewRecorder(nil)
	second, err := f.build(t, t.Context(), files, nil)
	if err != nil {
		t.Fatal(err)
	}
	if step, _ := f.progress.Last(salt); !step.Cached {
		t.Errorf("not cached: %+v", step)
	}
	if first.Digest != second.Digest {
		t.Errorf("digests %s and %s differ", first.Digest, second.Digest)
	}
	checkReports(t, f.progress.Reports())
}

func TestFailingStepNamesItself(t *testing.T) {
	f := newFixture(t)
	var tag string
	_, err := f.build(t, t.Context(), map[string]string{
		"Dockerfile": "FROM scratch\nCOPY tool /tool\nRUN [\"/tool\", \"warn\", \"" + buildertest.Token() + "\"]\nRUN [\"/tool\", \"exit\", \"3\"]\n",
	}, func(req *builder.Request) { tag = req.Tag })
	failure := failureOf(t, err)
	if want := `step 3/3 RUN ["/tool", "exit", "3"]: exit code 3`; failure.Message != want {
		t.Errorf("got  %q\nwant %q", failure.Message, want)
	}
	step, ok := f.progress.Last("exit")
	if !ok || step.ID != failure.StepID || step.Error == "" {
		t.Errorf("failing step %+v, failure's %q", step, failure.StepID)
	}
	if _, err := f.engine.ImageInspect(t.Context(), tag); !client.IsErrNotFound(err) {
		t.Errorf("an image is left: %v", err)
	}
}

func TestFailuresSayWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		dockerfile string
		want       []string
	}{
		"unknown instruction": {"FROM scratch\nFROBNICATE x\n", []string{"Dockerfile", "line 2", "FROBNICATE"}},
		"empty":               {"", []string{"Dockerfile"}},
		"missing file":        {"FROM scratch\nCOPY nowhere /x\n", []string{"COPY nowhere /x", "not found"}},
		"missing base":        {"FROM slipway-test-no-such-image:1\n", []string{"base image slipway-test-no-such-image:1", "registry"}},
		"syntax line":         {"# syntax=slipway-test-no-such-frontend:1\nFROM scratch\n", []string{"slipway-test-no-such-frontend:1", "# syntax="}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := f.build(t, ctx, map[string]string{"Dockerfile": c.dockerfile}, nil)
			failure := failureOf(t, err)
			for _, part := range c.want {
				if !strings.Contains(failure.Message, part) {
					t.Errorf("%q does not mention %q", failure.Message, part)
				}
			}
			t.Log(failure.Message)
		})
	}
}

// handEnded is a context that ends when the test says so, with any error: a
// real deadline would make the test a race against the machine.
type handEnded struct {
	context.Context
	done chan struct{}
	err  error
}

func (h *handEnded) Done() <-chan struct{} { return h.done }

func (h *handEnded) Err() error {
	select {
	case <-h.done:
		return h.err
	default:
		return nil
	}
}

func TestEndOfContextStopsTheBuild(t *testing.T) {
	for name, ending := range map[string]error{"cancelled": context.Canceled, "timed out": context.DeadlineExceeded} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			ctx := &handEnded{t.Context(), make(chan struct{}), ending}
			salt := buildertest.Token()
			ran := false
			f.progress = buildertest.NewRecorder(func() {
				if ctx.Err() == nil && f.progress.HasLine("hanging") {
					ran = len(processesWith(t, salt)) > 0
					close(ctx.done)
				}
			})
			_, err := f.build(t, ctx, map[string]string{
				"Dockerfile": "FROM scratch\nCOPY tool /tool\nRUN [\"/tool\", \"hang\", \"" + salt + "\"]\n",
			}, nil)
			left := processesWith(t, salt)
			if !errors.Is(err, ending) {
				t.Errorf("got %v, want %v", err, ending)
			}
			if !ran {
				t.Fatal("the step's process was never seen running")
			}
			if len(left) > 0 {
				t.Errorf("still running after Build returned: %v", left)
			}
			checkReports(t, f.progress.Reports())
		})
	}
}

// processesWith lists the processes of this machine with an argument.
func processesWith(t *testing.T, arg string) []string {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, path := range paths {
		if data, err := os.ReadFile(path); err == nil && strings.HasPrefix(string(data), "/tool\x00hang\x00"+arg) {
			found = append(found, path)
		}
	}
	return found
}

func TestBuildsSideBySide(t *testing.T) {
	engine := buildertest.Engine(t)
	key := "slipway-test-" + buildertest.Token()
	before := runtime.NumGoroutine()
	var group sync.WaitGroup
	for range 6 {
		f := &fixture{engine, New(buildkit.New(engine, slog.New(slog.DiscardHandler))), buildertest.NewRecorder(nil)}
		salt := buildertest.Token()
		files := map[string]string{"Dockerfile": "FROM scratch\nCOPY tool page /\nRUN [\"/tool\", \"cat\", \"/page\"]\n", "page": salt}
		group.Go(func() {
			_, err := f.build(t, t.Context(), files, func(req *builder.Request) { req.CacheKey = key })
			if err != nil || !f.progress.HasLine(salt) {
				t.Errorf("%v, lines %v, want %s", err, f.progress.Lines(), salt)
			}
		})
	}
	group.Wait()
	_ = engine.Close()                                                                                                     // its idle connections have goroutines too
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) { // between two looks
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func TestSecretsStayOutOfTheImage(t *testing.T) {
	f := newFixture(t)
	secret := "s3cret-" + buildertest.Token()
	made, err := f.build(t, t.Context(), map[string]string{
		"Dockerfile": "FROM scratch\nCOPY tool /tool\nRUN --mount=type=secret,id=KEY [\"/tool\", \"cat\", \"/run/secrets/KEY\", \"" + secret[7:] + "\"]\n",
	}, func(req *builder.Request) { req.Secrets = map[string][]byte{"KEY": []byte(secret)} })
	if err != nil {
		t.Fatal(err)
	}
	if !f.progress.HasLine(secret) {
		t.Errorf("the step did not get the secret: %v", f.progress.Lines())
	}
	content := imageText(t, f.engine, made.Reference)
	if strings.Contains(content, secret) {
		t.Error("the secret is in the image")
	}
	if !strings.Contains(content, "Slipway") && !strings.Contains(content, "usage: tool") {
		t.Error("the image was not read")
	}
	history, err := f.engine.ImageHistory(t.Context(), made.Reference)
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range history {
		if strings.Contains(layer.CreatedBy, secret) {
			t.Error("the secret is in the history")
		}
	}
}

func imageText(t *testing.T, engine *client.Client, ref string) string {
	t.Helper()
	saved, err := engine.ImageSave(t.Context(), []string{ref})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = saved.Close() }()
	var text strings.Builder
	buf := make([]byte, 1<<20)
	for {
		n, err := saved.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			return text.String()
		}
	}
}

func TestCacheMountsBelongToTheirKey(t *testing.T) {
	f := newFixture(t)
	build := func(key, salt string) string {
		f.progress = buildertest.NewRecorder(nil)
		_, err := f.build(t, t.Context(), map[string]string{
			"Dockerfile": "FROM scratch\nCOPY tool /tool\nRUN --mount=type=cache,target=/cache [\"/tool\", \"append\", \"/cache/x\", \"" + salt + ",\"]\n" +
				"RUN --mount=type=cache,target=/cache [\"/tool\", \"cat\", \"/cache/x\", \"" + salt + "\"]\n",
		}, func(req *builder.Request) { req.CacheKey = key })
		if err != nil {
			t.Fatal(err)
		}
		return f.progress.Lines()[0].Text
	}
	one, two := "slipway-test-"+buildertest.Token(), "slipway-test-"+buildertest.Token()
	got := []string{build(one, "a"+one), build(one, "b"+one), build(two, "c"+two)}
	want := []string{"a" + one + ",", "a" + one + ",b" + one + ",", "c" + two + ","}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The engine tells changed files by size and time. Files that were unpacked
// from commits of the same second have the same.
func TestChangeOfSameSizeAndTimeIsSeen(t *testing.T) {
	f := newFixture(t)
	src := buildertest.Tree(t, map[string]string{"tool*": buildertest.Tool(t)})
	key, at := "slipway-test-"+buildertest.Token(), time.Unix(1700000000, 0)
	for _, text := range []string{buildertest.Token(), buildertest.Token()} {
		dockerfile := "FROM scratch\nCOPY . /\nRUN [\"/tool\", \"cat\", \"/page\"]\nRUN [\"/tool\", \"echo\", \"" + text + "\"]\n"
		for name, content := range map[string]string{"page": "page " + text, "Dockerfile": dockerfile} {
			path := filepath.Join(src, name)
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
		}
		f.progress = buildertest.NewRecorder(nil)
		req := builder.Request{Source: builder.Source{Dir: src}, Tag: buildertest.Tag(t, f.engine), CacheKey: key}
		if _, err := f.builder.Build(t.Context(), req, f.progress); err != nil {
			t.Fatal(err)
		}
		if !f.progress.HasLine("page "+text) || !f.progress.HasLine(text) {
			t.Errorf("stale files: %v", f.progress.Lines())
		}
	}
}

func TestIgnoredFilesAreNotSent(t *testing.T) {
	f := newFixture(t)
	_, err := f.build(t, t.Context(), map[string]string{
		"deploy/Dockerfile": "FROM scratch\nCOPY . /src\nRUN [\"/src/tool\", \"list\", \"/src\", \"" + buildertest.Token() + "\"]\n",
		".dockerignore":     "secret*\n", "secret.txt": "no", "kept.txt": "yes",
	}, func(req *builder.Request) { req.Options.Dockerfile = "deploy/Dockerfile" })
	if err != nil {
		t.Fatal(err)
	}
	if !f.progress.HasLine("/src/kept.txt") || f.progress.HasLine("/src/secret.txt") {
		t.Errorf("lines: %v", f.progress.Lines())
	}
}

func TestSymlinksDoNotLeaveTheSource(t *testing.T) {
	f := newFixture(t)
	outside := buildertest.Tree(t, map[string]string{"Dockerfile": "FROM scratch\n", "secret": "outside"})
	src := buildertest.Tree(t, map[string]string{"Dockerfile.ok": "FROM scratch\nCOPY link /link\n"})
	for link, target := range map[string]string{"Dockerfile": outside + "/Dockerfile", "link": outside + "/secret", "dir": outside} {
		if err := os.Symlink(target, filepath.Join(src, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"", "dir/Dockerfile", "../x", "/etc/passwd"} {
		req := builder.Request{Source: builder.Source{Dir: src}, Tag: buildertest.Tag(t, f.engine), Options: builder.Options{Dockerfile: path}}
		_, err := f.builder.Build(t.Context(), req, f.progress)
		t.Log(failureOf(t, err).Message)
		detection, err := f.builder.Detect(t.Context(), req.Source, req.Options)
		if err != nil || detection.OK || detection.Reason == "" {
			t.Errorf("%q: detection %+v, %v", path, detection, err)
		}
	}
	req := builder.Request{Source: builder.Source{Dir: src}, Tag: buildertest.Tag(t, f.engine), Options: builder.Options{Dockerfile: "Dockerfile.ok"}}
	if made, err := f.builder.Build(t.Context(), req, f.progress); err == nil {
		if strings.Contains(imageText(t, f.engine, made.Reference), "outside") {
			t.Error("a file from outside the source is in the image")
		}
	} else {
		_ = failureOf(t, err)
	}
}

func TestImageOverTheLimitIsRemoved(t *testing.T) {
	f := newFixture(t)
	var tag string
	_, err := f.build(t, t.Context(), map[string]string{"Dockerfile": "FROM scratch\nCOPY tool /tool\n"}, func(req *builder.Request) {
		tag, req.MaxImageMB = req.Tag, 1
	})
	if failure := failureOf(t, err); !strings.Contains(failure.Message, "limit is 1 MB") {
		t.Error(failure.Message)
	}
	if _, err := f.engine.ImageInspect(t.Context(), tag); !client.IsErrNotFound(err) {
		t.Errorf("the image is still there: %v", err)
	}
}

func BenchmarkBuild(b *testing.B) {
	engine := buildertest.Engine(b)
	d := New(buildkit.New(engine, slog.New(slog.DiscardHandler)))
	src := buildertest.Tree(b, map[string]string{
		"Dockerfile": "FROM scratch\nCOPY page /page\nCOPY tool /tool\nCMD [\"/tool\", \"serve\"]\n",
		"tool*":      buildertest.Tool(b), "page": "0",
	})
	tag := buildertest.Tag(b, engine)
	build := func(b *testing.B) string {
		made, err := d.Build(b.Context(), builder.Request{Source: builder.Source{Dir: src}, Tag: tag, CacheKey: "bench"}, buildertest.NewRecorder(nil))
		if err != nil {
			b.Fatal(err)
		}
		return made.Digest
	}
	last := build(b)
	b.Run("unchanged", func(b *testing.B) {
		for b.Loop() {
			build(b)
		}
	})
	b.Run("changed", func(b *testing.B) {
		for b.Loop() {
			if err := os.WriteFile(filepath.Join(src, "page"), []byte(buildertest.Token()), 0o644); err != nil {
				b.Fatal(err)
			}
			made := build(b)
			b.StopTimer()
			if _, err := engine.ImageRemove(b.Context(), last, image.RemoveOptions{}); err != nil {
				b.Fatal(err)
			}
			last = made
			b.StartTimer()
		}
	})
}
