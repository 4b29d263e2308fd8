package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/slipway-paas/slipway/builder/source"
	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/models/store"
)

// Each secret is sealed for its place, see secrets.Box. The places are named
// here and nowhere else.
func configPlace(appID, key string) string { return "config/" + appID + "/" + key }
func releasePlace(appID string) string     { return "release/" + appID }
func sourcePlace(appID string) string      { return "source/" + appID }

// SealConfig seals the value of an app's config var.
func (p *Pipeline) SealConfig(appID, key, value string) models.ConfigVar {
	return models.ConfigVar{AppID: appID, Key: key, Value: p.Box.Seal(configPlace(appID, key), []byte(value))}
}

// OpenConfig opens an app's config vars.
func (p *Pipeline) OpenConfig(appID string, rows []models.ConfigVar) (map[string]string, error) {
	vars := make(map[string]string, len(rows))
	for _, row := range rows {
		value, err := p.Box.Open(configPlace(appID, row.Key), row.Value)
		if err != nil {
			return nil, err
		}
		vars[row.Key] = string(value)
	}
	return vars, nil
}

// config reads an app's config vars.
func (p *Pipeline) config(ctx context.Context, s *store.Store, appID string) (map[string]string, error) {
	rows, err := s.ConfigVars(ctx, appID)
	if err != nil {
		return nil, err
	}
	return p.OpenConfig(appID, rows)
}

// sealRelease seals the config that a release takes with it, and gives the
// sorted names of its vars.
func (p *Pipeline) sealRelease(appID string, vars map[string]string) (sealed []byte, names []string, err error) {
	plain, err := json.Marshal(vars)
	if err != nil {
		return nil, nil, fmt.Errorf("config of a release: %w", err)
	}
	names = slices.AppendSeq([]string{}, maps.Keys(vars)) // never nil: the column is an array
	slices.Sort(names)
	return p.Box.Seal(releasePlace(appID), plain), names, nil
}

// openRelease opens the config of a release.
func (p *Pipeline) openRelease(release *models.Release) (map[string]string, error) {
	plain, err := p.Box.Open(releasePlace(release.AppID), release.Config)
	if err != nil {
		return nil, err
	}
	vars := map[string]string{}
	if err := json.Unmarshal(plain, &vars); err != nil {
		return nil, fmt.Errorf("config of v%d: %w", release.Version, err)
	}
	return vars, nil
}

// SealCredential seals what an app fetches its source with.
func (p *Pipeline) SealCredential(appID string, c source.Credential) ([]byte, error) {
	plain, err := json.Marshal(credential{string(c.DeployKey), c.Token})
	if err != nil {
		return nil, fmt.Errorf("credential: %w", err)
	}
	return p.Box.Seal(sourcePlace(appID), plain), nil
}

// openCredential opens what an app fetches its source with, which may be nothing.
func (p *Pipeline) openCredential(app *models.App) (source.Credential, error) {
	if len(app.SourceCredential) == 0 {
		return source.Credential{}, nil
	}
	plain, err := p.Box.Open(sourcePlace(app.ID), app.SourceCredential)
	if err != nil {
		return source.Credential{}, err
	}
	var stored credential
	if err := json.Unmarshal(plain, &stored); err != nil {
		return source.Credential{}, fmt.Errorf("stored credential: %w", err)
	}
	return source.Credential{DeployKey: []byte(stored.DeployKey), Token: stored.Token}, nil
}

// credential is the stored form of a source.Credential.
type credential struct{ DeployKey, Token string }
