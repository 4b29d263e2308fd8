package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
)

// The rows as the invariants look at them.
type (
	appRow struct {
		ID, Name      string
		LiveRelease   int
		WarmRelease   int
		WarmUntil     *time.Time
		Scale         []byte
		DeploymentSeq int
		ReleaseSeq    int
	}
	deploymentRow struct {
		ID, AppID, Trigger, State, Reason, Commit, SourceID string
		Number, Release                                     int
		Fence                                               int64
		LeaseUntil, FinishedAt                              *time.Time
	}
	releaseRow struct {
		AppID, DeploymentID, Image string
		Version                    int
		Processes                  []byte
	}
)

// What of the rows they are made of.
const (
	appColumns        = "id, name, live_release, warm_release, warm_until, scale, deployment_seq, release_seq"
	deploymentColumns = "id, app_id, trigger, state, reason, commit, source_id, number, release, fence, lease_until, finished_at"
	releaseColumns    = "app_id, deployment_id, image, version, processes"
)

// picture is all that can be seen from outside at one moment.
type picture struct {
	apps        []appRow
	deployments []deploymentRow
	releases    []releaseRow
	created     map[string]int // audit events of deployments by app ID and target
	containers  []container.Summary
	networks    []network.Summary
	images      []image.Summary
}

// look takes a picture.
func (h *home) look() (p picture, err error) {
	if p.apps, err = rows[appRow](h, `SELECT `+appColumns+` FROM apps`); err != nil {
		return p, err
	}
	if p.deployments, err = rows[deploymentRow](h, `SELECT `+deploymentColumns+` FROM deployments ORDER BY app_id, number`); err != nil {
		return p, err
	}
	if p.releases, err = rows[releaseRow](h, `SELECT `+releaseColumns+` FROM releases ORDER BY app_id, version`); err != nil {
		return p, err
	}
	events, err := rows[struct {
		AppID, Target string
		N             int
	}](h, `SELECT app_id, target, count(*) AS n FROM events WHERE action IN ('deployment.create', 'deployment.return') AND app_id IS NOT NULL GROUP BY app_id, target`)
	if err != nil {
		return p, err
	}
	p.created = map[string]int{}
	for _, e := range events {
		p.created[e.AppID+e.Target] = e.N
	}
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	ours := filters.NewArgs(filters.Arg("label", "slipway.installation="+h.name))
	// A container that somebody starts from an app's image inherits the image's
	// labels, but has no kind.
	made := ours.Clone()
	made.Add("label", "slipway.kind")
	if p.containers, err = h.engine.ContainerList(ctx, container.ListOptions{All: true, Filters: made}); err != nil {
		return p, err
	}
	if p.networks, err = h.engine.NetworkList(ctx, network.ListOptions{Filters: made}); err != nil {
		return p, err
	}
	p.images, err = h.engine.ImageList(ctx, image.ListOptions{All: false, Filters: ours})
	return p, err
}

// sound waits until all work has ended and then fails the test for everything
// that is not as docs/architecture.md says it must be.
func (h *home) sound(t *testing.T, within time.Duration, after string) {
	t.Helper()
	var wrong []string
	err := until(within, func() error {
		p, err := h.look()
		if err != nil {
			return err
		}
		if wrong = h.wrong(p); len(wrong) > 0 {
			return fmt.Errorf("%s", strings.Join(wrong, "\n"))
		}
		return nil
	})
	if err != nil {
		t.Errorf("%s after %s it is not as it must be:\n%v", within, after, err)
	}
}

// wrong says all that is wrong in a picture of a home with nothing to do.
func (h *home) wrong(p picture) (wrong []string) {
	wrong = append(wrong, wrongRows(p)...)
	wrong = append(wrong, h.forgotten(p)...)
	wrong = append(wrong, h.wrongCluster(p)...)
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	if h.decoys != nil {
		wrong = append(wrong, h.decoys.missing(ctx)...)
	}
	for _, app := range p.apps {
		wrong = append(wrong, h.wrongAnswer(app)...)
	}
	return wrong
}

// wrongRows looks at what Postgres alone can tell.
func wrongRows(p picture) (wrong []string) {
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, app := range p.apps {
		number, last := 0, deploymentRow{}
		for _, d := range p.deployments {
			if d.AppID != app.ID {
				continue
			}
			if number++; d.Number != number {
				complain("%s: deployment #%d is missing", app.Name, number)
				number = d.Number
			}
			if !terminal(d.State) {
				complain("%s: deployment #%d is %s, fence %d, lease until %v", app.Name, d.Number, d.State, d.Fence, d.LeaseUntil)
			} else if d.FinishedAt == nil || d.LeaseUntil != nil {
				complain("%s: deployment #%d is %s, but finished at %v with a lease until %v", app.Name, d.Number, d.State, d.FinishedAt, d.LeaseUntil)
			}
			if d.State == "failed" && d.Reason == "" {
				complain("%s: deployment #%d failed without a reason", app.Name, d.Number)
			}
			if n := p.created[app.ID+fmt.Sprint("#", d.Number)]; n != 1 {
				complain("%s: %d audit events tell of the making of deployment #%d", app.Name, n, d.Number)
			}
			if d.State == "succeeded" && (last.FinishedAt == nil || d.FinishedAt.After(*last.FinishedAt)) {
				last = d
			}
		}
		if number != app.DeploymentSeq {
			complain("%s: %d deployments, and #%d was given out last", app.Name, number, app.DeploymentSeq)
		}
		if app.LiveRelease != last.Release {
			complain("%s: v%d is live, and the deployment that succeeded last, #%d, made v%d so", app.Name, app.LiveRelease, last.Number, last.Release)
		}
		version := 0
		for _, r := range p.releases {
			if r.AppID != app.ID {
				continue
			}
			if version++; r.Version != version {
				complain("%s: release v%d is missing", app.Name, version)
				version = r.Version
			}
		}
	}
	return wrong
}

// forgotten compares what pushers were told with what was written.
func (h *home) forgotten(p picture) (wrong []string) {
	names := map[string]string{}
	for _, app := range p.apps {
		names[app.ID] = app.Name
	}
	for _, e := range h.ledger.all() {
		var of []deploymentRow
		for _, d := range p.deployments {
			if names[d.AppID] == e.app && d.Commit == e.commit && (d.Trigger == "push" && (e.number == 0 || d.Number == e.number)) {
				of = append(of, d)
			}
		}
		switch {
		case e.number > 0 && len(of) != 1:
			wrong = append(wrong, fmt.Sprintf("%s: the push of %.7s was acknowledged as deployment #%d, and there are %d of it:\n%s", e.app, e.commit, e.number, len(of), e.out))
		case e.accepted && (len(of) == 0 || of[0].State != "succeeded"):
			wrong = append(wrong, fmt.Sprintf("%s: git accepted the push of %.7s, and its deployment is %+v:\n%s", e.app, e.commit, of, e.out))
		}
	}
	return wrong
}

// wrongCluster compares what is on the engine with the rows: no container,
// network or image too many, none missing.
func (h *home) wrongCluster(p picture) (wrong []string) {
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	want := map[string]bool{} // by name
	if !h.ownRouter {
		want[h.name+"-router"] = true
	}
	networks := map[string]int{} // by app ID, how many at least
	images := map[string]bool{}  // that some release runs
	for _, app := range p.apps {
		for _, r := range p.releases {
			if r.AppID != app.ID {
				continue
			}
			images[r.Image] = true
			if r.Version != app.LiveRelease {
				continue
			}
			for _, name := range h.instances(app, r) {
				want[name] = true
				networks[app.ID] = 1
			}
		}
	}
	there := map[string]bool{}
	for _, c := range p.containers {
		name := strings.TrimPrefix(c.Names[0], "/")
		there[name] = true
		if !want[name] && !warm(p.apps, c) {
			complain("the container %s is too many (%s)", name, c.Status)
		} else if want[name] && c.State != "running" {
			complain("the container %s is %s (%s)", name, c.State, c.Status)
		}
	}
	for name := range want {
		if !there[name] {
			complain("the container %s is missing", name)
		}
	}
	for _, n := range p.networks {
		app := n.Labels["slipway.app"]
		if networks[app]--; networks[app] < 0 {
			complain("the network %s is too many", n.Name)
		}
	}
	for app, n := range networks {
		if n > 0 {
			complain("the network of app %s is missing", app)
		}
	}
	for _, i := range p.images {
		if len(i.RepoTags) == 0 {
			complain("the image %s of app %s has no name", i.ID, i.Labels["slipway.app"])
		}
		for _, tag := range i.RepoTags {
			if !images[tag] && !strings.HasPrefix(tag, h.name+"-router:") {
				complain("the image %s is too many: no release runs it", tag)
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

// warm says whether a container is of a release that is kept for a rollback: its
// web process alone.
func warm(apps []appRow, c container.Summary) bool {
	return slices.ContainsFunc(apps, func(app appRow) bool {
		return app.ID == c.Labels["slipway.app"] && app.WarmUntil != nil && app.WarmUntil.After(time.Now()) &&
			c.Labels["slipway.process"] == "web" && c.Labels["slipway.release"] == fmt.Sprint(app.WarmRelease)
	})
}

// instances names the containers that a release of an app should have.
func (h *home) instances(app appRow, r releaseRow) (names []string) {
	scale := map[string]int{}
	_ = json.Unmarshal(app.Scale, &scale) // an app that was never scaled has none
	var processes []struct{ Name string }
	_ = json.Unmarshal(r.Processes, &processes)
	for _, process := range processes {
		n, scaled := scale[process.Name]
		if !scaled && process.Name == "web" {
			n = 1
		}
		for i := range n {
			names = append(names, fmt.Sprintf("%s-%s-%s-v%d-%d", h.name, app.Name, process.Name, r.Version, i+1))
		}
	}
	return names
}

// wrongAnswer asks the router and the API about an app.
func (h *home) wrongAnswer(app appRow) (wrong []string) {
	status, body, err := h.visit(app.Name, "/")
	live := fmt.Sprint(" release v", app.LiveRelease)
	switch {
	case err != nil:
		wrong = append(wrong, fmt.Sprintf("%s: the router: %v", app.Name, err))
	case app.LiveRelease > 0 && (status != http.StatusOK || !strings.HasSuffix(body, live)):
		wrong = append(wrong, fmt.Sprintf("%s: v%d is live, and the router answers %d %q", app.Name, app.LiveRelease, status, body))
	case app.LiveRelease == 0 && status < 500:
		wrong = append(wrong, fmt.Sprintf("%s: nothing is live, and the router answers %d %q", app.Name, status, body))
	}
	for _, s := range h.servers {
		if !s.running() {
			continue
		}
		var shown struct {
			Status string
			Live   *struct{ Version int } `json:"live_release"`
		}
		r, err := s.call("GET", "/api/v1/apps/"+app.Name, nil)
		if err == nil {
			err = r.into(&shown)
		}
		switch {
		case err != nil || r.status != http.StatusOK:
			wrong = append(wrong, fmt.Sprintf("%s: the API of %s answers %d %s, %v", app.Name, s.name, r.status, r.body, err))
		case (shown.Live != nil) != (app.LiveRelease > 0) || shown.Live != nil && shown.Live.Version != app.LiveRelease:
			wrong = append(wrong, fmt.Sprintf("%s: v%d is live, and the API of %s shows %s", app.Name, app.LiveRelease, s.name, r.body))
		case app.LiveRelease > 0 && shown.Status != "live":
			wrong = append(wrong, fmt.Sprintf("%s: the API of %s says that it is %s", app.Name, s.name, shown.Status))
		}
	}
	return wrong
}
