package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/slipway-paas/slipway/models"
)

// CreateApp writes a new app. A name that is taken gives a KindConflict error,
// also when its owner is somebody else: names are host names, so they are one
// space for all.
func (s *Store) CreateApp(ctx context.Context, app *models.App) error {
	now := time.Now().UTC()
	app.ID, app.CreatedAt, app.UpdatedAt, app.Revision = models.NewID(), now, now, 1
	if app.ClusterID == "" {
		app.ClusterID = models.LocalCluster
	}
	if app.Scale == nil {
		app.Scale = map[string]int{}
	}
	err := translate(s.with(ctx).Create(app).Error)
	if models.KindOf(err) == models.KindConflict {
		return &models.Error{Kind: models.KindConflict, Field: "name", Message: "the app name " + app.Name + " is taken", Err: err}
	}
	return err
}

// visible narrows a query on apps to those the actor may see.
func visible(query *gorm.DB, actor models.Actor) *gorm.DB {
	if actor.SeesAll() {
		return query
	}
	return query.Where("owner_id = ?", actor.UserID)
}

// AppByName gives the actor's app of that name, a KindNotFound error when there
// is none it may see.
func (s *Store) AppByName(ctx context.Context, actor models.Actor, name string) (*models.App, error) {
	query, args := "WHERE name = $1", []any{name}
	if !actor.SeesAll() {
		query, args = query+" AND owner_id = $2", append(args, actor.UserID)
	}
	app, err := selectOne[models.App](ctx, s, appColumns, query, args...)
	if err != nil {
		return nil, found(err, "app", name)
	}
	return app, nil
}

// AppByID gives the actor's app with that ID.
func (s *Store) AppByID(ctx context.Context, actor models.Actor, id string) (*models.App, error) {
	var app models.App
	if err := visible(s.with(ctx), actor).Where("id = ?", id).Take(&app).Error; err != nil {
		return nil, found(err, "app", id)
	}
	return &app, nil
}

// LockApp gives the app as it is now and keeps others from changing it until
// the transaction ends. It is how edits of one app are put in order. The lock
// is one that rows which refer to the app can still be written beside: they
// wait for nothing, and so cannot wait in a circle.
func (s *Store) LockApp(ctx context.Context, actor models.Actor, id string) (*models.App, error) {
	var app models.App
	err := visible(s.with(ctx), actor).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).Where("id = ?", id).Take(&app).Error
	if err != nil {
		return nil, found(err, "app", id)
	}
	return &app, nil
}

// Apps lists the actor's apps by name. The cursor is a name.
func (s *Store) Apps(ctx context.Context, actor models.Actor, page Page) ([]models.App, string, error) {
	query, args := "WHERE name > $1", []any{page.Cursor} // every name is more than ""
	if !actor.SeesAll() {
		query, args = query+" AND owner_id = $2", append(args, actor.UserID)
	}
	apps, err := selects[models.App](ctx, s, appColumns, fmt.Sprintf("%s ORDER BY name LIMIT %d", query, page.limit()+1), args...)
	if err != nil {
		return nil, "", err
	}
	apps, next := cut(apps, page, func(a models.App) string { return a.Name })
	return apps, next, nil
}

// AppIDs lists the IDs of the apps that the actor sees, in no particular order.
func (s *Store) AppIDs(ctx context.Context, actor models.Actor) ([]string, error) {
	ids := []string{}
	return ids, translate(visible(s.with(ctx).Model(&models.App{}), actor).Pluck("id", &ids).Error)
}

// AllApps lists every app there is, by name.
func (s *Store) AllApps(ctx context.Context) ([]models.App, error) {
	apps := []models.App{}
	return apps, translate(s.with(ctx).Order("name").Find(&apps).Error)
}

// SaveApp writes what was edited and takes the revision one up. The app must
// come from LockApp of the same transaction.
func (s *Store) SaveApp(ctx context.Context, app *models.App) error {
	app.Revision++
	app.UpdatedAt = time.Now().UTC()
	return translate(s.with(ctx).Save(app).Error)
}

// SetBranch makes a branch the tracked one if the app has none yet, and gives
// the one it tracks afterwards.
func (s *Store) SetBranch(ctx context.Context, appID, branch string) (string, error) {
	err := s.with(ctx).Model(&models.App{}).Where("id = ? AND branch = ''", appID).
		Updates(map[string]any{"branch": branch, "revision": gorm.Expr("revision + 1"), "updated_at": time.Now().UTC()}).Error
	if err != nil {
		return "", translate(err)
	}
	var app models.App
	if err := s.with(ctx).Select("branch").Where("id = ?", appID).Take(&app).Error; err != nil {
		return "", found(err, "app", appID)
	}
	return app.Branch, nil
}

// DeleteApp removes the app's row and all that hangs on it.
func (s *Store) DeleteApp(ctx context.Context, appID string) error {
	return translate(s.with(ctx).Where("id = ?", appID).Delete(&models.App{}).Error)
}

// Domains lists an app's own domains by name.
func (s *Store) Domains(ctx context.Context, app *models.App) ([]models.Domain, error) {
	domains := []models.Domain{}
	return domains, translate(s.with(ctx).Where("app_id = ?", app.ID).Order("host").Find(&domains).Error)
}

// AllDomains lists the domains of every app.
func (s *Store) AllDomains(ctx context.Context) ([]models.Domain, error) {
	domains := []models.Domain{}
	return domains, translate(s.with(ctx).Order("host").Find(&domains).Error)
}

// AddDomain writes a domain. One that is taken, by whomever, is a KindConflict.
func (s *Store) AddDomain(ctx context.Context, domain *models.Domain) error {
	domain.ID, domain.CreatedAt = models.NewID(), time.Now().UTC()
	err := translate(s.with(ctx).Create(domain).Error)
	if models.KindOf(err) == models.KindConflict {
		return &models.Error{Kind: models.KindConflict, Field: "host", Message: "the domain " + domain.Host + " is in use already", Err: err}
	}
	return err
}

// RemoveDomain deletes a domain of the app.
func (s *Store) RemoveDomain(ctx context.Context, app *models.App, host string) error {
	result := s.with(ctx).Where("app_id = ? AND host = ?", app.ID, host).Delete(&models.Domain{})
	if result.Error != nil {
		return translate(result.Error)
	}
	if result.RowsAffected == 0 {
		return models.NotFound("domain", host)
	}
	return nil
}

// ConfigVars lists an app's config vars by key, values still encrypted.
func (s *Store) ConfigVars(ctx context.Context, appID string) ([]models.ConfigVar, error) {
	vars := []models.ConfigVar{}
	return vars, translate(s.with(ctx).Where("app_id = ?", appID).Order("key").Find(&vars).Error)
}

// SetConfigVar writes one config var, new or not.
func (s *Store) SetConfigVar(ctx context.Context, v models.ConfigVar) error {
	v.UpdatedAt = time.Now().UTC()
	return translate(s.with(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(&v).Error)
}

// UnsetConfigVar deletes one config var; one that is not there is deleted already.
func (s *Store) UnsetConfigVar(ctx context.Context, appID, key string) error {
	return translate(s.with(ctx).Where("app_id = ? AND key = ?", appID, key).Delete(&models.ConfigVar{}).Error)
}

// DomainsOf gives the domains of several apps, by app ID.
func (s *Store) DomainsOf(ctx context.Context, apps []models.App) (map[string][]models.Domain, error) {
	rows, err := selects[models.Domain](ctx, s, domainColumns, domainsOf, appIDs(apps))
	return byApp(rows), err
}

const domainsOf = "WHERE app_id = ANY($1) ORDER BY host"

func byApp(rows []models.Domain) map[string][]models.Domain {
	domains := make(map[string][]models.Domain, len(rows))
	for _, row := range rows {
		domains[row.AppID] = append(domains[row.AppID], row)
	}
	return domains
}

func appIDs(apps []models.App) []string {
	ids := make([]string, 0, len(apps))
	for _, app := range apps {
		ids = append(ids, app.ID)
	}
	return ids
}
