package builder

import (
	"context"
	"fmt"
	"strings"
)

// Plan is what a source says about itself: in slipway.yaml, and in a Procfile
// where slipway.yaml names no processes. The zero Plan says nothing.
type Plan struct {
	Builder    string            // "" to detect
	Dockerfile string            // path inside the source, "" for Dockerfile
	BuildArgs  map[string]string // the app's settings win over these
	Static     StaticPlan
	Processes  []Process // web first, then by name; empty when nothing is declared
}

// StaticPlan is what a source says about being served as files.
type StaticPlan struct {
	Dir      string // path inside the source, "" to detect
	SPA      bool   // unknown paths get index.html, for routing in the browser
	NotFound string // page for unknown paths within Dir, "" for 404.html if there is one
}

// ReadPlan reads the plan of the source tree in dir. What is wrong with it is
// a *Failure that names the file and the line.
func ReadPlan(dir string) (Plan, error) {
	plan, err := readSettings(dir)
	if err != nil {
		return Plan{}, err
	}
	if len(plan.Processes) == 0 {
		if plan.Processes, err = readProcfile(dir); err != nil {
			return Plan{}, err
		}
	}
	return plan, nil
}

// ProcessesOrWeb gives what the plan declares, or web alone with the image's
// own command.
func (p Plan) ProcessesOrWeb() []Process {
	if len(p.Processes) > 0 {
		return p.Processes
	}
	return []Process{{Name: "web"}}
}

// Select chooses how to build a source: the way the app's settings name, else
// the one slipway.yaml names, else the first of builders that fits. It says
// which and why. When none fits, the *Failure tells for each what would make
// the source buildable.
func Select(ctx context.Context, builders []Builder, src Source, opts Options, progress Progress) (Builder, error) {
	plan, err := ReadPlan(src.Dir)
	if err != nil {
		return nil, err
	}
	if opts.Builder != "" {
		if opts.ImageRef != "" {
			return named(ctx, builders, opts.Builder, "the deployment", src, opts, progress)
		}
		return named(ctx, builders, opts.Builder, "the app's settings", src, opts, progress)
	}
	if plan.Builder != "" {
		return named(ctx, builders, plan.Builder, settingsFile, src, opts, progress)
	}
	var unfit []string
	for _, b := range builders {
		detection, err := b.Detect(ctx, src, opts)
		if err != nil {
			return nil, err
		}
		if detection.OK {
			progress.Say("%s: building with %s", detection.Reason, b.Name())
			return b, nil
		}
		unfit = append(unfit, fmt.Sprintf("  %s: %s", b.Name(), detection.Reason))
	}
	return nil, &Failure{Message: "found no way to build this source. Any one of these would do:\n" + strings.Join(unfit, "\n")}
}

func named(ctx context.Context, builders []Builder, name, by string, src Source, opts Options, progress Progress) (Builder, error) {
	var names []string
	for _, b := range builders {
		names = append(names, b.Name())
		if b.Name() != name {
			continue
		}
		detection, err := b.Detect(ctx, src, opts)
		if err != nil {
			return nil, err
		}
		if !detection.OK {
			return nil, &Failure{Message: fmt.Sprintf("the builder %[2]s is chosen by %[1]s: %[3]s", by, name, detection.Reason)}
		}
		progress.Say("the builder %[2]s is chosen by %[1]s: %[3]s", by, name, detection.Reason)
		return b, nil
	}
	return nil, &Failure{Message: fmt.Sprintf("the builder %[2]q is chosen by %[1]s; there are: %[3]s", by, shorten(name), strings.Join(names, ", "))}
}
