package docker

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"github.com/docker/docker/api/types/container"

	"github.com/slipway-paas/slipway/deployer"
)

var _ deployer.Census = (*Cluster)(nil)

// Census implements deployer.Census.
func (c *Cluster) Census(ctx context.Context, app string) ([]deployer.Seen, error) {
	filter := c.ours(kindInstance)
	if app != "" {
		filter = withApp(filter, app)
	}
	list, err := c.list(ctx, filter)
	if err != nil {
		return nil, err
	}
	seen := make([]deployer.Seen, len(list))
	for i, s := range list {
		in := identity(s.ID, s.Labels)
		seen[i] = deployer.Seen{ID: in.ID, Workload: in.Workload, AppName: in.AppName, Index: in.Index, Condition: condition(s), Spec: s.Labels[labelSpec]}
		if env := s.Labels[labelEnv]; env != "" {
			seen[i].Spec += "/" + env
		}
	}
	return seen, nil
}

// Spec implements deployer.Census.
func (c *Cluster) Spec(w deployer.Workload) string {
	spec := c.specHash(w)
	if env := c.envHash(w); env != "" {
		spec += "/" + env
	}
	return spec
}

// envHash changes with the values of a workload's variables. Without the key
// nobody can find out a short secret by trying; with no key it is "".
func (c *Cluster) envHash(w deployer.Workload) string {
	if len(c.labelKey) == 0 {
		return ""
	}
	mac := hmac.New(sha256.New, c.labelKey)
	for _, variable := range environ(w) {
		_, _ = mac.Write([]byte(variable)) // never fails
		_, _ = mac.Write([]byte{0})        // which no variable contains
	}
	return hex.EncodeToString(mac.Sum(nil)[:12])
}

// condition is what a listing tells of a container.
func condition(s container.Summary) deployer.Condition {
	switch s.State {
	case container.StateRunning:
		if !connected(s) {
			return deployer.ConditionCutOff
		}
		return deployer.ConditionFine
	case container.StateRestarting:
		return deployer.ConditionFine
	case container.StatePaused:
		return deployer.ConditionPaused
	}
	return deployer.ConditionStopped
}

// connected says whether a running container is on a network. All of ours are
// on their app's and no other.
func connected(s container.Summary) bool {
	if s.NetworkSettings == nil {
		return false
	}
	for _, endpoint := range s.NetworkSettings.Networks {
		if endpoint.IPAddress != "" {
			return true
		}
	}
	return false
}
