package apps

import (
	"context"
	"strings"
	"time"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
	"github.com/slipway-paas/slipway/server/live"
)

// Domain is a host name that leads to an app. The automatic one is the app's
// name under the installation's app domain and cannot be removed.
type Domain struct {
	ID        string
	Host      string
	Automatic bool
	CreatedAt time.Time
}

// maxDomains bounds the domains of one app.
const maxDomains = 200

// Domains lists an app's domains, the automatic one first.
func (s *Service) Domains(ctx context.Context, actor models.Actor, name string) ([]Domain, error) {
	app, err := s.store.AppByName(ctx, actor, name)
	if err != nil {
		return nil, err
	}
	rows, err := s.store.Domains(ctx, app)
	if err != nil {
		return nil, err
	}
	domains := []Domain{{ID: app.ID, Host: app.Name + "." + s.addresses.Domain, Automatic: true, CreatedAt: app.CreatedAt}}
	for _, row := range rows {
		domains = append(domains, Domain{ID: row.ID, Host: row.Host, CreatedAt: row.CreatedAt})
	}
	return domains, nil
}

// AddDomain makes a host name lead to an app.
func (s *Service) AddDomain(ctx context.Context, actor models.Actor, name, host string) (Domain, error) {
	if err := actor.Require(models.ScopeWrite); err != nil {
		return Domain{}, err
	}
	host = plainHost(host)
	if err := models.CheckHost(host); err != nil {
		return Domain{}, err
	}
	if host == s.addresses.Domain || strings.HasSuffix(host, "."+s.addresses.Domain) {
		return Domain{}, models.Invalid("host", "names under %s belong to the apps of those names", s.addresses.Domain)
	}
	row := &models.Domain{Host: host}
	app, err := s.edit(ctx, actor, name, 0, "domain.add", host, func(tx *store.Store, app *models.App) error {
		have, err := tx.Domains(ctx, app)
		if err != nil {
			return err
		}
		if len(have) >= maxDomains {
			return models.Invalid("host", "an app may have at most %d domains", maxDomains)
		}
		row.AppID = app.ID
		return tx.AddDomain(ctx, row)
	})
	if err != nil {
		return Domain{}, err
	}
	s.changed(app, live.TopicDomain, live.ActionCreated)
	return Domain{ID: row.ID, Host: row.Host, CreatedAt: row.CreatedAt}, nil
}

// RemoveDomain ends that a host name leads to an app.
func (s *Service) RemoveDomain(ctx context.Context, actor models.Actor, name, host string) error {
	if err := actor.Require(models.ScopeWrite); err != nil {
		return err
	}
	host = plainHost(host)
	if host == name+"."+s.addresses.Domain {
		return models.Invalid("host", "%s is the app's own name and stays", host)
	}
	app, err := s.edit(ctx, actor, name, 0, "domain.remove", host, func(tx *store.Store, app *models.App) error {
		return tx.RemoveDomain(ctx, app, host)
	})
	if err != nil {
		return err
	}
	s.changed(app, live.TopicDomain, live.ActionRemoved)
	return nil
}

// plainHost writes a host name the one way it is stored.
func plainHost(host string) string {
	return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(host), "."))
}
