package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
	"github.com/slipway-paas/slipway/models"
)

type settingsFlags struct {
	client.UpdateApp

	branch, builder, dockerfile, healthPath, gitURL, deployKey string
	port, memory, cpu, reserveMemory, reserveCPU, warm, watch  int64
	placement                                                  []string
	supersede, stopFirst, detach                               bool
}

func (c *cli) settings() *cobra.Command {
	var f settingsFlags
	cmd := &cobra.Command{
		Use:   "settings",
		Short: "Show or change how an app is built, deployed and served",
		Example: "  slipway settings\n  slipway settings --health-path /healthz --memory 256\n" +
			"  slipway settings --placement disk=ssd --placement zone=a --reserve-memory 256",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, app, err := c.target(cmd.Context())
			if err != nil {
				return err
			}
			changed, err := f.collect(c, cmd)
			if err != nil {
				return err
			}
			if !changed {
				return c.showSettings(cmd.Context(), s, app)
			}
			updated, err := ok(s.api.UpdateAppWithResponse(cmd.Context(), app, &client.UpdateAppParams{}, f.UpdateApp))
			if err != nil {
				return err
			}
			if updated.Deployment != nil {
				return c.finish(cmd.Context(), s, updated.Deployment, f.detach)
			}
			return c.showSettings(cmd.Context(), s, app)
		},
	}
	f.flags(cmd)
	cmd.Flags().BoolVar(&f.detach, "detach", false, "return at once instead of following the deployment")
	return c.appFlag(cmd)
}

// flags gives a command the flags that change settings.
func (f *settingsFlags) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.branch, "branch", "", "the tracked branch")
	flags.StringVar(&f.builder, "builder", "", `dockerfile, static, image, or "" to choose by what the source holds`)
	flags.StringVar(&f.dockerfile, "dockerfile", "", "path of the Dockerfile in the source")
	flags.StringVar(&f.healthPath, "health-path", "", `HTTP path that must answer 2xx or 3xx; "" to probe the port only`)
	flags.Int64Var(&f.port, "port", 0, "port the web process listens on; 0 to follow the image")
	flags.Int64Var(&f.memory, "memory", 0, "memory limit per instance in MiB; 0 for the server's default")
	flags.Int64Var(&f.cpu, "cpu", 0, "CPU limit per instance in thousandths of a core; 0 for the server's default")
	flags.StringArrayVar(&f.placement, "placement", nil, `LABEL=VALUE that a node must have to run the app, once for each label; "" for any node`)
	flags.Int64Var(&f.reserveMemory, "reserve-memory", 0, "MiB that a node must have free for each instance; 0 for nothing")
	flags.Int64Var(&f.reserveCPU, "reserve-cpu", 0, "thousandths of a core that a node must have free for each instance; 0 for nothing")
	flags.BoolVar(&f.supersede, "supersede-building", false, "whether a newer push also stops the deployment that is building")
	flags.BoolVar(&f.stopFirst, "stop-first", false, "whether the old instances stop before the new ones start")
	flags.Int64Var(&f.warm, "warm-minutes", 0, "how long the release before is kept running for a rollback; 0 for not at all")
	flags.Int64Var(&f.watch, "watch-minutes", 0, "how long a deployment is watched once it is live; 0 for not at all")
	flags.StringVar(&f.gitURL, "git-url", "", `git repository to deploy from; "" for none`)
	flags.StringVar(&f.deployKey, "deploy-key", "", "file with the private SSH key that may read it, - for standard input")
}

// collect puts the flags that were given into the change.
func (f *settingsFlags) collect(c *cli, cmd *cobra.Command) (changed bool, err error) {
	for name, put := range map[string]func(){
		"branch":             func() { f.Branch = &f.branch },
		"builder":            func() { f.Builder = &f.builder },
		"dockerfile":         func() { f.Dockerfile = &f.dockerfile },
		"health-path":        func() { f.HealthPath = &f.healthPath },
		"port":               func() { f.Port = &f.port },
		"memory":             func() { f.MemoryMb = &f.memory },
		"cpu":                func() { f.CPUMilli = &f.cpu },
		"reserve-memory":     func() { f.ReserveMemoryMb = &f.reserveMemory },
		"reserve-cpu":        func() { f.ReserveCPUMilli = &f.reserveCPU },
		"supersede-building": func() { f.SupersedeBuilding = &f.supersede },
		"stop-first":         func() { f.StopFirst = &f.stopFirst },
		"warm-minutes":       func() { f.WarmMinutes = &f.warm },
		"watch-minutes":      func() { f.WatchMinutes = &f.watch },
		"git-url":            func() { f.Source = &client.SourceInput{URL: f.gitURL} },
	} {
		if cmd.Flags().Changed(name) {
			put()
			changed = true
		}
	}
	if cmd.Flags().Changed("placement") {
		labels, err := parsePlacement(f.placement)
		if err != nil {
			return false, usage(cmd, models.SafeMessage(err))
		}
		f.Placement = &labels
		changed = true
	}
	if f.deployKey == "" {
		return changed, nil
	}
	if f.Source == nil {
		return false, usage(cmd, "--deploy-key belongs to --git-url")
	}
	key, err := c.readKey(f.deployKey)
	f.Source.DeployKey = &key
	return changed, err
}

// parsePlacement reads labels from words such as disk=ssd; an empty word alone
// is for any node.
func parsePlacement(words []string) (map[string]string, error) {
	if len(words) == 1 && words[0] == "" {
		words = nil
	}
	return models.ParsePlacement(words)
}

// placementOf writes labels as they are given.
func placementOf(labels map[string]string) string {
	words := make([]string, 0, len(labels))
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		words = append(words, label+"="+labels[label])
	}
	return strings.Join(words, " ")
}

func (c *cli) showSettings(ctx context.Context, s *session, name string) error {
	app, err := ok(s.api.GetAppWithResponse(ctx, name))
	if err != nil {
		return err
	}
	if c.json {
		return c.print(app)
	}
	source := ""
	if app.Source != nil {
		source = app.Source.URL
		if app.Source.HasCredential {
			source += " (with a credential)"
		}
	}
	return c.facts("App", app.Name, "URL", strings.Join(app.Urls, " "), "Git remote", app.GitURL, "Source", source,
		"Branch", orWord(app.Branch, "the first one pushed"), "Builder", orWord(app.Builder, "by what the source holds"),
		"Dockerfile", orWord(app.Dockerfile, "Dockerfile"), "Health path", orWord(app.HealthPath, "none: the port is probed"),
		"Port", orNumber(app.Port, "%d", "as the image says"), "Memory", orNumber(app.MemoryMb, "%d MiB", "the server's default"),
		"CPU", orNumber(app.CPUMilli, "%d/1000 of a core", "the server's default"),
		"Nodes", orWord(placementOf(app.Placement), "any"), "Reserved", reserved(app.ReserveMemoryMb, app.ReserveCPUMilli),
		"A newer push", supersedes(app.SupersedeBuilding), "Old instances", stopsFirst(app.StopFirst),
		"Kept warm", orNumber(app.WarmMinutes, "%d minutes after a deployment", "not at all"),
		"Watched", orNumber(app.WatchMinutes, "%d minutes after a deployment", "not at all"))
}

// reserved says what a node must have free for each instance.
func reserved(memoryMB, cpuMilli int64) string {
	var parts []string
	if memoryMB > 0 {
		parts = append(parts, fmt.Sprintf("%d MiB", memoryMB))
	}
	if cpuMilli > 0 {
		parts = append(parts, fmt.Sprintf("%d/1000 of a core", cpuMilli))
	}
	return orWord(strings.Join(parts, ", "), "nothing")
}

func supersedes(building bool) string {
	if building {
		return "takes the place of those that wait or build"
	}
	return "takes the place of those that wait"
}

func stopsFirst(first bool) string {
	if first {
		return "stop before the new ones start"
	}
	return "stop once the new ones serve"
}

func orWord(value, other string) string {
	if value == "" {
		return other
	}
	return value
}

func orNumber(value int64, format, other string) string {
	if value == 0 {
		return other
	}
	return fmt.Sprintf(strings.Replace(format, "%d", "%s", 1), strconv.FormatInt(value, 10))
}
