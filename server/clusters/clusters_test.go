package clusters_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/fleet"
	"github.com/slipway-paas/slipway/deployer/memory"
	"github.com/slipway-paas/slipway/migrations"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/clusters"
	"github.com/slipway-paas/slipway/server/live"
	"github.com/slipway-paas/slipway/server/postgres/pgtest"
	"github.com/slipway-paas/slipway/server/secrets"
)

// yard is a database with servers on it, and a cluster that each can open.
type yard struct {
	t     *testing.T
	dsn   string
	box   *secrets.Box
	far   *memory.Engine
	owner models.Actor

	mu     sync.Mutex
	given  []models.ClusterCredentials // what drivers were opened with
	refuse error                       // why none can be opened
	closed int
}

func open(t *testing.T) *yard {
	t.Helper()
	y := &yard{t: t, dsn: pgtest.New(t, migrations.Apply), far: memory.NewEngine(), owner: models.Actor{UserID: "o", Email: "o@example.com", Role: models.RoleOwner}}
	var err error
	y.box, err = secrets.New(strings.Repeat("ab", 32))
	y.must(err)
	return y
}

func (y *yard) must(err error) {
	y.t.Helper()
	if err != nil {
		y.t.Fatal(err)
	}
}

// closing counts the drivers that were let go.
type closing struct {
	*memory.Cluster
	yard *yard
}

func (c closing) Close() error {
	c.yard.mu.Lock()
	defer c.yard.mu.Unlock()
	c.yard.closed++
	return nil
}

func (y *yard) server() *clusters.Service {
	y.t.Helper()
	opened, err := store.Open(y.t.Context(), y.dsn, 4)
	y.must(err)
	y.t.Cleanup(opened.Close)
	s := clusters.New(clusters.Deps{
		Store: opened, Home: memory.New(memory.NewEngine(), "test"), Hub: live.NewHub(0), Box: y.box, Logger: slog.New(slog.DiscardHandler),
		Drivers: map[models.ClusterKind]clusters.Driver{
			models.ClusterSwarm: func(_ *models.Cluster, with models.ClusterCredentials) (deployer.Cluster, error) {
				y.mu.Lock()
				defer y.mu.Unlock()
				if y.refuse != nil {
					return nil, y.refuse
				}
				y.given = append(y.given, with)
				return closing{memory.New(y.far, "test"), y}, nil
			},
		},
	})
	y.must(s.Reload(y.t.Context()))
	return s
}

var secret = models.ClusterCredentials{CA: "ca", Cert: "cert", Key: "key"}

// TestAnotherServerHearsOfIt: rows are what counts, with what they seal.
func TestAnotherServerHearsOfIt(t *testing.T) {
	t.Parallel()
	y := open(t)
	one, two := y.server(), y.server()
	_, err := one.Add(t.Context(), y.owner, clusters.Wanted{Name: "far", Kind: models.ClusterSwarm, Endpoint: "tcp://10.0.0.1:2376", Credentials: secret})
	y.must(err)
	views, err := one.List(t.Context(), y.owner)
	y.must(err)
	if len(views) != 2 || views[0].Name != "local" || views[1].Credentials != nil {
		t.Fatalf("%+v", views)
	}
	id := views[1].ID
	if _, err := two.Fleet().Member(id); !errors.Is(err, fleet.ErrNoMember) {
		t.Fatalf("it knows already: %v", err)
	}
	y.must(two.Reload(t.Context()))
	member, err := two.Fleet().Member(id)
	y.must(err)
	if last := y.given[len(y.given)-1]; last != secret {
		t.Errorf("it was opened with %+v", last)
	}
	y.must(two.Reload(t.Context()))
	if again, _ := two.Fleet().Member(id); again.Cluster != member.Cluster {
		t.Error("what did not change was opened anew")
	}
	_, err = one.Renew(t.Context(), y.owner, "far", "tcp://10.0.0.2:2376", secret)
	y.must(err)
	y.must(two.Reload(t.Context()))
	if other, _ := two.Fleet().Member(id); other.Cluster == member.Cluster {
		t.Error("what changed was not opened anew")
	}
	y.must(one.Remove(t.Context(), y.owner, "far"))
	y.must(two.Reload(t.Context()))
	if _, err := two.Fleet().Member(id); !errors.Is(err, fleet.ErrNoMember) {
		t.Errorf("it is still there: %v", err)
	}
	if opened := len(y.given); y.closed != opened {
		t.Errorf("of %d drivers %d were closed", opened, y.closed)
	}
}

// TestOneThatCannotBeOpened is away, and holds up nobody else.
func TestOneThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	y := open(t)
	one := y.server()
	_, err := one.Add(t.Context(), y.owner, clusters.Wanted{Name: "far", Kind: models.ClusterSwarm})
	y.must(err)
	y.refuse = errors.New("its certificate has expired")
	two := y.server()
	view, err := two.Get(t.Context(), y.owner, "far")
	y.must(err)
	if models.KindOf(view.Away) != models.KindUnavailable || len(view.Nodes) != 0 {
		t.Errorf("%+v", view)
	}
	if _, err := two.Fleet().Instances(t.Context(), "nobody's"); err != nil {
		t.Errorf("an app that is not there: %v", err)
	}
	watching, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	for e, err := range two.Fleet().Watch(watching) {
		y.must(err)
		if e.Type != deployer.EventResync {
			t.Errorf("it begins with %+v", e)
		}
		break
	}
	_, err = two.Add(t.Context(), y.owner, clusters.Wanted{Name: "other", Kind: models.ClusterSwarm})
	if models.KindOf(err) != models.KindInvalid {
		t.Errorf("one that cannot be opened is taken: %v", err)
	}
	if _, err = two.Add(t.Context(), y.owner, clusters.Wanted{Name: "other", Kind: models.ClusterKubernetes}); models.KindOf(err) != models.KindInvalid {
		t.Errorf("one of a kind that nobody can open: %v", err)
	}
}
