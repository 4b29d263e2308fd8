package builder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadPlan(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  Plan
	}{
		"nothing": {nil, Plan{}},
		"empty":   {map[string]string{"slipway.yaml": "# later\n"}, Plan{}},
		"all": {
			map[string]string{"slipway.yaml": `
build:
  builder: dockerfile
  dockerfile: deploy/Dockerfile
  args: {VERSION: 1.20, NAME: "a b"}
static: {dir: dist, spa: true, not_found: oops.html}
processes:
  worker:
    command: ["bin/worker", "a b", "$HOME"]
  web:
    command: bin/web --name 'a b' "c"
    port: 8080
    health: /up
`, "Procfile": "ignored: when slipway.yaml has processes\n"},
			Plan{
				Builder: "dockerfile", Dockerfile: "deploy/Dockerfile",
				BuildArgs: map[string]string{"VERSION": "1.20", "NAME": "a b"},
				Static:    StaticPlan{Dir: "dist", SPA: true, NotFound: "oops.html"},
				Processes: []Process{
					{Name: "web", Command: []string{"bin/web", "--name", "a b", "c"}, Port: 8080, HealthPath: "/up"},
					{Name: "worker", Command: []string{"bin/worker", "a b", "$HOME"}},
				},
			},
		},
		"procfile": {
			map[string]string{"slipway.yaml": "build: {builder: static}\n", "Procfile": "# two\nworker: bin/w 'a b'\r\nweb: bin/web -p $PORT\n\nenv: A=1 bin/x\n"},
			Plan{Builder: "static", Processes: []Process{
				{Name: "web", Command: []string{"/bin/sh", "-c", "bin/web -p $PORT"}},
				{Name: "env", Command: []string{"/bin/sh", "-c", "A=1 bin/x"}},
				{Name: "worker", Command: []string{"bin/w", "a b"}},
			}},
		},
		"process without settings": {
			map[string]string{"slipway.yaml": "processes:\n  web:\n    port: 80\n"},
			Plan{Processes: []Process{{Name: "web", Port: 80}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadPlan(tree(t, c.files))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadPlanRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		file, text string
		want       []string
	}{
		"unknown key":       {"slipway.yaml", "build:\n  bilder: x\n", []string{"slipway.yaml", "line 2", "bilder"}},
		"unknown top":       {"slipway.yaml", "\nfoo: 1\n", []string{"line 2", "foo"}},
		"unknown in proc":   {"slipway.yaml", "processes:\n  web:\n    prot: 1\n", []string{"line 3", "prot"}},
		"wrong type":        {"slipway.yaml", "static:\n  spa: perhaps\n", []string{"line 2"}},
		"not yaml":          {"slipway.yaml", "a: [\n", []string{"slipway.yaml", "line"}},
		"list":              {"slipway.yaml", "- a\n", []string{"slipway.yaml"}},
		"alias":             {"slipway.yaml", "build: &a {builder: x}\nstatic: *a\n", []string{"line 1", "anchors"}},
		"two documents":     {"slipway.yaml", "build: {}\n---\nbuild: {}\n", []string{"one document"}},
		"path out":          {"slipway.yaml", "build: {dockerfile: ../Dockerfile}\n", []string{"../Dockerfile", "inside the source"}},
		"absolute path":     {"slipway.yaml", "static: {dir: /etc}\n", []string{"/etc"}},
		"process name":      {"slipway.yaml", "processes: {Web: {port: 1}}\n", []string{`"Web"`, "lower-case"}},
		"port":              {"slipway.yaml", "processes: {web: {port: 70000}}\n", []string{"web", "70000"}},
		"health":            {"slipway.yaml", "processes: {web: {health: up}}\n", []string{"web", "/health"}},
		"shell in a string": {"slipway.yaml", "processes:\n  web:\n    command: bin/web -p $PORT\n", []string{"line 3", "shell", "/bin/sh"}},
		"open quote":        {"slipway.yaml", "processes:\n  web:\n    command: bin/web 'x\n", []string{"quote"}},
		"command type":      {"slipway.yaml", "processes:\n  web:\n    command: {a: b}\n", []string{"a command is a string or a list"}},
		"argument name":     {"slipway.yaml", "build: {args: {\"A B\": c}}\n", []string{`"A B"`}},
		"too big":           {"slipway.yaml", "# " + strings.Repeat("x", maxSettings), []string{"16 KiB"}},
		"wrong ending":      {"slipway.yml", "build: {}\n", []string{"rename it to slipway.yaml"}},
		"no colon":          {"Procfile", "\nweb bin/web\n", []string{"Procfile line 2"}},
		"no command":        {"Procfile", "web:\n", []string{"Procfile line 1"}},
		"twice":             {"Procfile", "web: a\nweb: b\n", []string{"line 2", "twice"}},
		"bad name":          {"Procfile", "we b: a\n", []string{"line 1", "we b"}},
		"procfile quote":    {"Procfile", "web: a 'b\n", []string{"line 1", "quote"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadPlan(tree(t, map[string]string{c.file: c.text}))
			var failure *Failure
			if !errors.As(err, &failure) {
				t.Fatalf("got %v, want a *Failure", err)
			}
			for _, part := range c.want {
				if !strings.Contains(failure.Message, part) {
					t.Errorf("%q does not mention %q", failure.Message, part)
				}
			}
		})
	}
}

func TestReadFileStaysInTheSource(t *testing.T) {
	outside := tree(t, map[string]string{"secret": "x"})
	dir := tree(t, map[string]string{"real": "text"})
	for link, target := range map[string]string{"out": outside + "/secret", "outdir": outside, "in": "real", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if data, err := ReadFile(dir, "in", 100); err != nil || string(data) != "text" {
		t.Errorf("a link within the source: %q, %v", data, err)
	}
	if _, err := ReadFile(dir, "nothing", 100); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	for _, name := range []string{"out", "outdir/secret", "../x", "/etc/passwd", "loop", "", "a\x00b", "."} {
		var failure *Failure
		if _, err := ReadFile(dir, name, 100); !errors.As(err, &failure) {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

type fakeBuilder struct {
	name      string
	detection Detection
}

func (f fakeBuilder) Name() string { return f.name }

func (f fakeBuilder) Detect(context.Context, Source, Options) (Detection, error) {
	return f.detection, nil
}

func (f fakeBuilder) Build(context.Context, Request, Progress) (Image, error) {
	return Image{}, errors.New("not for building")
}

type sayings []string

func (s *sayings) Say(format string, args ...any) { *s = append(*s, fmt.Sprintf(format, args...)) }
func (s *sayings) Step(Step)                      {}
func (s *sayings) Output(string, string, bool)    {}

func TestSelect(t *testing.T) {
	yes := fakeBuilder{"yes", Detection{OK: true, Reason: "Yesfile found at Yesfile"}}
	also := fakeBuilder{"also", Detection{OK: true, Reason: "also.txt found"}}
	no := fakeBuilder{"no", Detection{Reason: "add a Nofile"}}
	for name, c := range map[string]struct {
		settings string
		option   string
		builders []Builder
		want     string
		words    []string // said, or in the failure
	}{
		"first that fits":    {builders: []Builder{no, yes, also}, want: "yes", words: []string{"Yesfile found at Yesfile", "yes"}},
		"slipway.yaml":       {settings: "build: {builder: also}", builders: []Builder{yes, also}, want: "also", words: []string{"slipway.yaml", "also.txt found"}},
		"settings win":       {settings: "build: {builder: also}", option: "yes", builders: []Builder{also, yes}, want: "yes", words: []string{"the app's settings"}},
		"named does not fit": {option: "no", builders: []Builder{yes, no}, words: []string{"the app's settings", "add a Nofile"}},
		"no such builder":    {settings: "build: {builder: magic}", builders: []Builder{yes, no}, words: []string{`"magic"`, "yes, no"}},
		"none fits":          {builders: []Builder{no, fakeBuilder{"nor", Detection{Reason: "add a Norfile"}}}, words: []string{"no: add a Nofile", "nor: add a Norfile"}},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			if c.settings != "" {
				files["slipway.yaml"] = c.settings
			}
			var said sayings
			got, err := Select(t.Context(), c.builders, Source{Dir: tree(t, files)}, Options{Builder: c.option}, &said)
			text := strings.Join(said, "\n")
			if c.want == "" {
				var failure *Failure
				if !errors.As(err, &failure) {
					t.Fatalf("got %v, %v", got, err)
				}
				text = failure.Message
			} else if err != nil || got.Name() != c.want {
				t.Fatalf("got %v, %v, want %s", got, err, c.want)
			}
			for _, word := range c.words {
				if !strings.Contains(text, word) {
					t.Errorf("%q does not mention %q", text, word)
				}
			}
		})
	}
}

// checkParsed holds what is true of every plan that was accepted.
func checkParsed(t *testing.T, processes []Process) {
	t.Helper()
	if len(processes) > maxProcesses {
		t.Errorf("%d processes", len(processes))
	}
	for _, p := range processes {
		if !processName.MatchString(p.Name) || p.Port < 0 || p.Port > 65535 {
			t.Errorf("accepted %+v", p)
		}
		for _, word := range p.Command {
			if strings.ContainsRune(word, 0) {
				t.Errorf("accepted a NUL byte: %q", p.Command)
			}
		}
	}
}

func FuzzSettings(f *testing.F) {
	for _, seed := range []string{
		"build: {builder: static, args: {A: b}}\n", "processes:\n  web:\n    command: [a, b]\n    port: 1\n",
		"a: &a [*a]\n", "static: {dir: \"..\"}", "- - - -", "{[", "? a\n: b\n", "---\n---\n", "processes: {web: {command: \"a 'b\"}}", "\xff\xfe", "!!binary x",
		"build: !!str 1", "<<: {a: 1}", "processes: null", "processes: {web: null}", "processes: {web: {command: null}}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		plan, err := parseSettings([]byte(text))
		var failure *Failure
		if err != nil && !errors.As(err, &failure) {
			t.Fatalf("not a *Failure: %v", err)
		}
		checkParsed(t, plan.Processes)
		for _, path := range []string{plan.Dockerfile, plan.Static.Dir, plan.Static.NotFound} {
			if path != "" && !filepath.IsLocal(path) {
				t.Errorf("accepted the path %q", path)
			}
		}
	})
}

func FuzzProcfile(f *testing.F) {
	for _, seed := range []string{"web: a b 'c'\n", "web: a | b", "a:b:c", ": x", "web: \\", "web: \"", "web: # x", "w\x00b: x", "web: a\x00b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		processes, err := parseProcfile(text)
		var failure *Failure
		if err != nil && !errors.As(err, &failure) {
			t.Fatalf("not a *Failure: %v", err)
		}
		checkParsed(t, processes)
		for _, p := range processes {
			if len(p.Command) == 0 {
				t.Errorf("accepted %s without a command", p.Name)
			}
		}
	})
}
