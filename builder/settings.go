package builder

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

const (
	settingsFile    = "slipway.yaml"
	maxSettings     = 16 << 10 // bytes of slipway.yaml or a Procfile; YAML parsing is quadratic on hostile input
	maxProcesses    = 20
	maxCommandWords = 1000
)

var (
	processName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	argName     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// settings is slipway.yaml as written.
type settings struct {
	Build struct {
		Builder    string            `yaml:"builder"`
		Dockerfile string            `yaml:"dockerfile"`
		Args       map[string]scalar `yaml:"args"`
	} `yaml:"build"`
	Static struct {
		Dir      string `yaml:"dir"`
		SPA      bool   `yaml:"spa"`
		NotFound string `yaml:"not_found"`
	} `yaml:"static"`
	Processes map[string]processSettings `yaml:"processes"`
}

type processSettings struct {
	Command command `yaml:"command"`
	Port    int     `yaml:"port"`
	Health  string  `yaml:"health"`
}

func readSettings(dir string) (Plan, error) {
	data, err := ReadFile(dir, settingsFile, maxSettings)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := ReadFile(dir, "slipway.yml", maxSettings); err == nil {
			return Plan{}, &Failure{Message: "slipway.yml is not read: rename it to slipway.yaml"}
		}
		return Plan{}, nil
	}
	if err != nil {
		return Plan{}, err
	}
	return parseSettings(data)
}

func parseSettings(data []byte) (Plan, error) {
	if err := refuseAliases(data); err != nil {
		return Plan{}, settingsFailure(err)
	}
	var written settings
	if err := yaml.UnmarshalWithOptions(data, &written, yaml.Strict()); err != nil {
		return Plan{}, settingsFailure(err)
	}
	plan := Plan{
		Builder:    written.Build.Builder,
		Dockerfile: written.Build.Dockerfile,
		Static:     StaticPlan{Dir: written.Static.Dir, SPA: written.Static.SPA, NotFound: written.Static.NotFound},
	}
	for name, value := range written.Build.Args {
		if plan.BuildArgs == nil {
			plan.BuildArgs = map[string]string{}
		}
		plan.BuildArgs[name] = string(value)
	}
	for name, p := range written.Processes {
		plan.Processes = append(plan.Processes, Process{Name: name, Command: p.Command, Port: p.Port, HealthPath: p.Health})
	}
	sortProcesses(plan.Processes)
	if err := plan.check(); err != nil {
		return Plan{}, &Failure{Message: settingsFile + ": " + err.Error()}
	}
	return plan, nil
}

// refuseAliases keeps a small file from unfolding into a huge one.
func refuseAliases(data []byte) error {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return err
	}
	if len(file.Docs) > 1 {
		return errors.New("one document is expected, not several")
	}
	for _, doc := range file.Docs {
		finder := &aliasFinder{}
		if doc.Body == nil {
			continue
		}
		ast.Walk(finder, doc.Body)
		if finder.line > 0 {
			return fmt.Errorf("line %d: anchors and aliases are not supported", finder.line)
		}
	}
	return nil
}

type aliasFinder struct{ line int }

// Visit notes the line of the first anchor or alias.
func (f *aliasFinder) Visit(node ast.Node) ast.Visitor {
	switch node.Type() {
	case ast.AnchorType, ast.AliasType, ast.MergeKeyType:
		if f.line == 0 {
			f.line = node.GetToken().Position.Line
		}
		return nil
	}
	return f
}

func settingsFailure(err error) *Failure {
	message := err.Error()
	var located yaml.Error
	if errors.As(err, &located) {
		message = located.GetMessage()
		if tok := located.GetToken(); tok != nil && tok.Position != nil {
			message = fmt.Sprintf("line %d: %s", tok.Position.Line, message)
		}
	}
	return &Failure{Message: settingsFile + ": " + strings.ToValidUTF8(message, "\uFFFD"), Err: err}
}

func (p Plan) check() error {
	for _, path := range []string{p.Dockerfile, p.Static.Dir, p.Static.NotFound} {
		if path == "" {
			continue
		}
		if err := CheckPath(path); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.BuildArgs)) {
		if !argName.MatchString(name) {
			return fmt.Errorf("build argument %q: use letters, digits and underscores, not starting with a digit", shorten(name))
		}
	}
	return checkProcesses(p.Processes)
}

func checkProcesses(processes []Process) error {
	if len(processes) > maxProcesses {
		return fmt.Errorf("%d processes; at most %d", len(processes), maxProcesses)
	}
	for _, p := range processes {
		if len(p.Name) > 30 || !processName.MatchString(p.Name) {
			return fmt.Errorf("process %q: use up to 30 lower-case letters, digits and single hyphens, starting with a letter", shorten(p.Name))
		}
		if p.Port < 0 || p.Port > 65535 {
			return fmt.Errorf("process %s: port %d is not between 1 and 65535", p.Name, p.Port)
		}
		if p.HealthPath != "" && (!strings.HasPrefix(p.HealthPath, "/") || strings.ContainsAny(p.HealthPath, " \r\n\t")) {
			return fmt.Errorf("process %s: health is a path that starts with /, such as /health", p.Name)
		}
		if len(p.Command) > maxCommandWords {
			return fmt.Errorf("process %s: its command has over %d words", p.Name, maxCommandWords)
		}
		if len(p.Command) > 0 && p.Command[0] == "" || slices.ContainsFunc(p.Command, hasNUL) {
			return fmt.Errorf("process %s: its command is empty or has a NUL byte", p.Name)
		}
	}
	return nil
}

func hasNUL(s string) bool { return strings.ContainsRune(s, 0) }

func sortProcesses(processes []Process) {
	slices.SortFunc(processes, func(a, b Process) int {
		if (a.Name == "web") != (b.Name == "web") {
			if a.Name == "web" {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
}
