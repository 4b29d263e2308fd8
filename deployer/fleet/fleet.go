// Package fleet makes several clusters one deployer.Cluster: each release runs
// on one of them, and whoever works with the fleet need not know on which.
//
// Instances of other members than the home are known by "ID@member", so that
// an instance's ID says where it is. What depends on a member that does not
// answer fails with deployer.ErrUnavailable; nothing else does. Listings of
// everything go on with what a member that is away had last.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/slipway-paas/slipway/deployer"
)

// Member is one cluster of a fleet. It must be a deployer.Census; what else it
// can do, the fleet can do on it.
type Member struct {
	ID      string // without '@'
	Name    string // for people
	Cluster deployer.Cluster
}

// Places says where releases are. Its methods are safe for concurrent use.
type Places interface {
	// Place gives the ID of the member that a release runs on. It is asked
	// for a release once.
	Place(ctx context.Context, app string, release int) (member string, err error)

	// Members gives the IDs of the members that an app needs at present.
	Members(ctx context.Context, app string) ([]string, error)
}

// ErrNoMember is in the chain of an error about a member that is not there.
var ErrNoMember = errors.New("no such cluster")

// Fleet is safe for concurrent use.
type Fleet struct {
	home   string
	places Places
	logger *slog.Logger

	mu      sync.Mutex
	members map[string]*member
	order   []string                  // of members' IDs, home first
	placed  map[string]map[int]string // by app and release
	needed  map[string][]string       // by app, as it was known last
	changed chan struct{}             // closed when members came or went
}

// member is what the fleet knows of one.
type member struct {
	Member
	mu      sync.Mutex
	listed  bool // what follows was listed once
	all     []deployer.Instance
	census  []deployer.Seen
	counted bool            // census was
	apps    map[string]bool // that have, or lately had, instances there
}

// New makes a fleet of its home alone: the member that is always there.
func New(home Member, places Places, logger *slog.Logger) *Fleet {
	f := &Fleet{
		home: home.ID, places: places, logger: logger, members: map[string]*member{},
		placed: map[string]map[int]string{}, needed: map[string][]string{}, changed: make(chan struct{}),
	}
	f.members[home.ID] = &member{Member: home, apps: map[string]bool{}}
	f.order = []string{home.ID}
	return f
}

// Set says which members there are beside the home. One that was there with the
// same Cluster stays as it is.
func (f *Fleet) Set(others []Member) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kept := map[string]*member{f.home: f.members[f.home]}
	order := []string{f.home}
	for _, other := range others {
		if other.ID == f.home {
			continue
		}
		m := f.members[other.ID]
		if m == nil || m.Cluster != other.Cluster {
			m = &member{Member: other, apps: map[string]bool{}}
		}
		m.Name = other.Name
		kept[other.ID] = m
		order = append(order, other.ID)
	}
	f.members, f.order = kept, order
	close(f.changed)
	f.changed = make(chan struct{})
}

// Member gives a member by its ID, or an error with ErrNoMember in its chain.
func (f *Fleet) Member(id string) (Member, error) {
	m, err := f.member(id)
	if err != nil {
		return Member{}, err
	}
	return m.Member, nil
}

func (f *Fleet) member(id string) (*member, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := f.members[id]; m != nil {
		return m, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrNoMember, id)
}

// all gives the members, home first, and a channel that is closed when they are
// others.
func (f *Fleet) all() ([]*member, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]*member, 0, len(f.order))
	for _, id := range f.order {
		list = append(list, f.members[id])
	}
	return list, f.changed
}

// of gives the member that a release is on.
func (f *Fleet) of(ctx context.Context, app string, release int) (*member, error) {
	f.mu.Lock()
	id, known := f.placed[app][release]
	if len(f.members) == 1 {
		id, known = f.home, true
	}
	f.mu.Unlock()
	if !known {
		var err error
		if id, err = f.places.Place(ctx, app, release); err != nil {
			return nil, err
		}
		f.mu.Lock()
		f.put(app, release, id)
		f.mu.Unlock()
	}
	return f.member(id)
}

// Learn tells the fleet where a release is, so that it need not ask.
func (f *Fleet) Learn(app string, release int, member string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.put(app, release, member)
}

// put notes where a release is. The lock is held.
func (f *Fleet) put(app string, release int, member string) {
	if f.placed[app] == nil {
		f.placed[app] = map[int]string{}
	}
	f.placed[app][release] = member
}

// Forget drops what is remembered of an app that was destroyed.
func (f *Fleet) Forget(app string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.placed, app)
	delete(f.needed, app)
}

// needs gives the IDs of the members that an app needs; what it was last when
// that cannot be asked.
func (f *Fleet) needs(ctx context.Context, app string) ([]string, error) {
	ids, err := f.places.Members(ctx, app)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		if known, ok := f.needed[app]; ok && ctx.Err() == nil {
			return known, nil
		}
		return nil, err
	}
	f.needed[app] = ids
	return ids, nil
}

// mark gives an instance the ID by which the fleet knows it.
func (f *Fleet) mark(m *member, in deployer.Instance) deployer.Instance {
	in.ID, in.Cluster = f.outer(m, in.ID), m.Name
	return in
}

func (f *Fleet) outer(m *member, id string) string {
	if m.ID == f.home || id == "" {
		return id
	}
	return id + "@" + m.ID
}

// owner gives the member of an instance, and the ID that it has there.
func (f *Fleet) owner(instance string) (*member, string, error) {
	id, of, elsewhere := strings.Cut(instance, "@")
	if !elsewhere {
		of = f.home
	}
	m, err := f.member(of)
	return m, id, err
}

// saw notes that an app has instances on a member.
func (m *member) saw(app string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.apps[app] = true
}

func (m *member) has(app string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.apps[app]
}

// asked gives the members to ask about an app: those that it needs, and those
// on which something of it is left. needed tells the first from the second.
func (f *Fleet) asked(ctx context.Context, app string) (list []*member, needed func(*member) bool, err error) {
	members, _ := f.all()
	if len(members) == 1 {
		return members, func(*member) bool { return true }, nil
	}
	ids, err := f.needs(ctx, app)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range members {
		if slices.Contains(ids, m.ID) || m.has(app) {
			list = append(list, m)
		}
	}
	for _, id := range ids {
		if !slices.ContainsFunc(list, func(m *member) bool { return m.ID == id }) {
			return nil, nil, fmt.Errorf("%w: %s", ErrNoMember, id)
		}
	}
	return list, func(m *member) bool { return slices.Contains(ids, m.ID) }, nil
}
