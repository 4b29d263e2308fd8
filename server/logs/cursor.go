package logs

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/models"
)

// place is how far one output of one instance has been collected: up to the
// newest line, and how many lines have that very time. The times of one output
// never go back, while those of stdout and stderr may overtake each other.
type place struct {
	Newest time.Time `json:"newest,omitzero"`
	Twins  int       `json:"twins,omitempty"`
}

func (p *place) pass(at time.Time) {
	switch {
	case at.After(p.Newest):
		p.Newest, p.Twins = at, 1
	case at.Equal(p.Newest):
		p.Twins++
	}
}

// cursor is how far an instance has been collected: by the times of its lines,
// and where the cluster knows places in the output, by a place and the number of
// lines behind it.
type cursor struct {
	Out     place     `json:"out,omitzero"`
	Err     place     `json:"err,omitzero"`
	Started time.Time `json:"started,omitzero"` // the newest start that has a line
	Exited  time.Time `json:"exited,omitzero"`  // the newest end that has one

	Place deployer.LogPlace `json:"place,omitzero"`
	Past  int64             `json:"past,omitempty"`
	Last  time.Time         `json:"last,omitzero"` // the time of the last of these lines
}

// since gives the time to read from, zero for the beginning. It is before the
// newest line by overlap, as lines are not quite in the order of their times.
func (c *cursor) since(overlap time.Duration) time.Time {
	newest := later(c.Out.Newest, c.Err.Newest)
	if newest.IsZero() {
		return newest
	}
	return newest.Add(-overlap)
}

// of gives the place of one output.
func (c *cursor) of(stderr bool) *place {
	if stderr {
		return &c.Err
	}
	return &c.Out
}

// pass notes that line is in the store.
func (c *cursor) pass(line *Line) {
	switch {
	case line.Source == SourceApp:
		c.of(line.Stream == streamErr).pass(line.Time)
		c.Past++
		c.Last = line.Time
	case strings.HasSuffix(line.Text, textStarted):
		c.Started = later(c.Started, line.Time)
	case strings.Contains(line.Text, textExited):
		c.Exited = later(c.Exited, line.Time)
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// appCursors is how far an app's instances have been collected. It is exact:
// what a crash took from its file is found again in the stream itself, from
// Seq on.
type appCursors struct {
	mu        sync.Mutex         // held while a line is appended and noted, which is one step
	Seq       int64              `json:"seq"`                 // noted up to here
	Instances map[string]*cursor `json:"instances,omitempty"` // by name
	gone      bool
	unsaved   bool
}

func (a *appCursors) of(instance string) *cursor {
	c := a.Instances[instance]
	if c == nil {
		c = &cursor{}
		a.Instances[instance] = c
	}
	return c
}

// names lists the instances that have lines and are not known to be removed.
func (a *appCursors) names() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Collect(maps.Keys(a.Instances))
}

// pass notes a line of the stream.
func (a *appCursors) pass(line *Line) {
	if line.Instance == "" || line.Source != SourceApp && line.Source != SourceSlipway {
		return
	}
	if line.Source == SourceSlipway && strings.HasSuffix(line.Text, textRemoved) {
		delete(a.Instances, line.Instance) // another may get its name
		return
	}
	a.of(line.Instance).pass(line)
}

// catchUp notes the lines that came into the stream after Seq.
func (a *appCursors) catchUp(ctx context.Context, store *Store, app string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	last, err := store.Last(AppStream(app))
	if err != nil {
		return err
	}
	if a.Seq > last { // the machine crashed and took the stream's end
		a.Seq, a.Instances = 0, nil
	}
	if a.Instances == nil {
		a.Instances = map[string]*cursor{}
	}
	for {
		lines, gap, err := store.Read(ctx, AppStream(app), a.Seq, batchLines)
		if err != nil {
			return err
		}
		if gap != nil {
			a.Seq = gap.To
			for _, c := range a.Instances { // whose lines these were, nobody knows
				c.Place = deployer.LogPlace{}
			}
		}
		if len(lines) == 0 {
			return nil
		}
		for i := range lines {
			a.pass(&lines[i])
		}
		a.Seq = lines[len(lines)-1].Seq
	}
}

// append puts lines in the app's stream and notes them. Those of the instance's
// own reach to a place in its output, if end is not zero. Lines that the disk
// does not take are counted by the store and not tried again.
func (a *appCursors) append(store *Store, in deployer.Instance, lines []Line, end deployer.LogPlace) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	app := in.Workload.App
	if a.gone {
		return models.NotFound("app", app)
	}
	a.unsaved = true
	last, err := store.Append(AppStream(app), lines...)
	if err != nil {
		a.of(in.Name).Place = deployer.LogPlace{} // what is behind it is not what is in the store
		return err
	}
	for i := range lines {
		a.pass(&lines[i])
	}
	if end != (deployer.LogPlace{}) {
		c := a.of(in.Name)
		c.Place, c.Past = end, 0
	}
	a.Seq = last
	return nil
}

// forgetPlace makes an instance's times alone count.
func (a *appCursors) forgetPlace(instance string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of(instance).Place = deployer.LogPlace{}
}

// loadCursors reads the file. One that is missing or damaged costs only time.
func loadCursors(store *Store) (map[string]*appCursors, error) {
	apps := map[string]*appCursors{}
	raw, err := os.ReadFile(store.cursorsPath())
	if errors.Is(err, os.ErrNotExist) {
		return apps, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &apps)
	}
	if err != nil {
		return map[string]*appCursors{}, err
	}
	for app, a := range apps {
		name := AppStream(app)
		if _, err := os.Stat(store.streamDir(name)); err != nil || a == nil || validName(name) != nil {
			delete(apps, app) // it was destroyed
		}
	}
	return apps, nil
}

// saveCursors writes the file as a whole or not at all.
func saveCursors(path string, apps map[string]*appCursors) error {
	copies := make(map[string]json.RawMessage, len(apps))
	for app, a := range apps {
		a.mu.Lock()
		raw, err := json.Marshal(a)
		gone := a.gone
		a.unsaved = false
		a.mu.Unlock()
		if err != nil {
			return err
		}
		if !gone {
			copies[app] = raw
		}
	}
	raw, err := json.Marshal(copies)
	if err != nil {
		return err
	}
	fresh := path + ".new"
	if err := os.WriteFile(fresh, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}

func (s *Store) cursorsPath() string { return filepath.Join(s.dir, "cursors.json") }

// repeats tells lines that were collected before from new ones, when the
// output is read again from before the cursor.
type repeats struct{ out, err repeat }

type repeat struct {
	upTo place
	over bool
}

func newRepeats(c cursor) *repeats {
	return &repeats{out: repeat{upTo: c.Out}, err: repeat{upTo: c.Err}}
}

func (r *repeats) has(line *deployer.LogLine) bool {
	if line.Stderr {
		return r.err.has(line.Time)
	}
	return r.out.has(line.Time)
}

func (r *repeat) has(at time.Time) bool {
	switch {
	case r.over:
		return false
	case at.Before(r.upTo.Newest):
		return true
	case at.Equal(r.upTo.Newest) && r.upTo.Twins > 0:
		r.upTo.Twins--
		return true
	}
	r.over = true
	return false
}
