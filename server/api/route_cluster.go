package api

import (
	"context"
	"net/http"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/clusters"
)

const tagClusters = "Clusters"

func (a *API) clusterRoutes() {
	register(a, get("list-clusters", "/clusters", tagClusters, "List the clusters, the server's own engine first"), a.listClusters)
	register(a, get("get-cluster", "/clusters/{cluster}", tagClusters, "Show a cluster, its nodes and what runs where"), a.getCluster)
	register(a, route{
		id: "add-cluster", method: http.MethodPost, path: "/clusters", tag: tagClusters, summary: "Add a cluster",
		description: "For owners. The cluster must answer: one that cannot be reached is refused.",
		status:      http.StatusCreated, scope: models.ScopeAdmin, creates: true, maxBody: 2 << 20,
	}, a.addCluster)
	register(a, route{
		id: "renew-cluster", method: http.MethodPut, path: "/clusters/{cluster}/access", tag: tagClusters, summary: "Give a cluster another endpoint or other credentials",
		description: "For owners. They must work: else nothing changes.",
		scope:       models.ScopeAdmin, maxBody: 2 << 20,
	}, a.renewCluster)
	register(a, route{
		id: "set-cluster-options", method: http.MethodPut, path: "/clusters/{cluster}/options", tag: tagClusters, summary: "Set what apps get on a cluster",
		description: "For owners, of a Kubernetes cluster. A quota holds for an app when something of it is started next; a storage class for volumes that are made from then on.",
		scope:       models.ScopeAdmin,
	}, a.setClusterOptions)
	register(a, route{
		id: "remove-cluster", method: http.MethodDelete, path: "/clusters/{cluster}", tag: tagClusters, summary: "Take a cluster away that no app needs",
		description: "For owners. What is on the cluster beside Slipway's apps stays as it is.", scope: models.ScopeAdmin,
	}, a.removeCluster)
	register(a, route{
		id: "join-cluster", method: http.MethodPost, path: "/clusters/{cluster}/join", tag: tagClusters, summary: "Get the command that makes a machine a node",
		description: "For owners. The command holds a secret: who runs it joins.", scope: models.ScopeAdmin,
	}, a.joinCluster)
	register(a, route{
		id: "drain-node", method: http.MethodPost, path: "/clusters/{cluster}/nodes/{node}/drain", tag: tagClusters, summary: "Move a node's instances elsewhere and give it no more",
		description: "For owners. It does not wait for them to have moved.", scope: models.ScopeAdmin,
	}, a.drainNode)
	register(a, route{
		id: "resume-node", method: http.MethodPost, path: "/clusters/{cluster}/nodes/{node}/resume", tag: tagClusters, summary: "Let a drained node take instances again",
		description: "For owners.", scope: models.ScopeAdmin,
	}, a.resumeNode)
	register(a, route{
		id: "move-app", method: http.MethodPost, path: "/apps/{app}/move", tag: tagClusters, summary: "Bring an app to another cluster",
		description: "The live release comes up there, gets the traffic, and goes here: no request is lost. An app with a volume cannot move. " +
			"An app that has no live release yet is only written down for the other cluster, and the answer has no deployment.",
		status: http.StatusAccepted, scope: models.ScopeWrite, creates: true,
	}, a.moveApp)
}

// ClusterAccess is how a cluster is reached.
type ClusterAccess struct {
	Endpoint    string                    `json:"endpoint,omitempty" doc:"unix:///path or tcp://host:port; empty for a Kubernetes, and for a Swarm that the server's own engine manages" maxLength:"500"`
	Credentials models.ClusterCredentials `json:"credentials,omitempty" doc:"Kept encrypted and never shown again"`
}

// ClusterOptions are what apps get on a Kubernetes cluster.
type ClusterOptions struct {
	Quota        ClusterQuota `json:"quota,omitempty"`
	StorageClass string       `json:"storage_class,omitempty" doc:"Of volumes; empty for the cluster's own choice" maxLength:"253" example:"fast"`
	VolumeMB     int          `json:"volume_mb,omitempty" doc:"How large a volume is made, in MiB; 0 for 1024" minimum:"0"`
}

// ClusterQuota bounds what all instances of an app may take together.
type ClusterQuota struct {
	MemoryMB  int `json:"memory_mb,omitempty" doc:"Sum of the limits of an app's instances in MiB, while a release takes another's place of both; 0 for no bound" minimum:"0"`
	CPUMilli  int `json:"cpu_milli,omitempty" doc:"Sum of the limits in thousandths of a core; 0 for no bound" minimum:"0"`
	Instances int `json:"instances,omitempty" doc:"0 for no bound" minimum:"0"`
}

func (o ClusterOptions) options() models.ClusterOptions {
	return models.ClusterOptions{Quota: models.Quota(o.Quota), StorageClass: o.StorageClass, VolumeMB: o.VolumeMB}
}

// AddCluster is the body of add-cluster.
type AddCluster struct {
	Name string `json:"name" example:"production" maxLength:"100"`
	Kind string `json:"kind" enum:"swarm,kubernetes"`
	ClusterAccess
	Options ClusterOptions `json:"options,omitempty" doc:"What apps get on a Kubernetes"`
}

// ClusterJoin is how a machine becomes a node.
type ClusterJoin struct {
	Command []string `json:"command" nullable:"false" doc:"To be run on the machine; empty where nodes join by other means"`
	Hint    string   `json:"hint" doc:"What else there is to know"`
}

// MoveApp is the body of move-app.
type MoveApp struct {
	To string `json:"to" doc:"The cluster's name" example:"production" maxLength:"100"`
}

// AppMove is what a move came to.
type AppMove struct {
	Deployment *Deployment `json:"deployment,omitempty" doc:"Absent when nothing is deployed yet"`
}

// ClusterInput names a cluster in a path.
type ClusterInput struct {
	Cluster string `path:"cluster" maxLength:"100" example:"local"`
}

func (a *API) listClusters(ctx context.Context, who caller, _ *struct{}) (*body[Page[Cluster]], error) {
	views, err := a.deps.Clusters.List(ctx, who.Actor)
	if err != nil {
		return nil, err
	}
	items := make([]Cluster, len(views))
	for i := range views {
		items[i] = wireCluster(&views[i], false)
	}
	return page(items, ""), nil
}

func (a *API) getCluster(ctx context.Context, who caller, in *ClusterInput) (*body[Cluster], error) {
	return clusterAnswer(a.deps.Clusters.Get(ctx, who.Actor, in.Cluster))
}

func clusterAnswer(view *clusters.View, err error) (*body[Cluster], error) {
	if err != nil {
		return nil, err
	}
	return answer(wireCluster(view, true)), nil
}

func (a *API) addCluster(ctx context.Context, who caller, in *struct{ Body AddCluster }) (*body[Cluster], error) {
	return clusterAnswer(a.deps.Clusters.Add(ctx, who.Actor, clusters.Wanted{
		Name: in.Body.Name, Kind: models.ClusterKind(in.Body.Kind), Endpoint: in.Body.Endpoint, Credentials: in.Body.Credentials,
		Options: in.Body.Options.options(),
	}))
}

func (a *API) renewCluster(ctx context.Context, who caller, in *struct {
	ClusterInput
	Body ClusterAccess
},
) (*body[Cluster], error) {
	return clusterAnswer(a.deps.Clusters.Renew(ctx, who.Actor, in.Cluster, in.Body.Endpoint, in.Body.Credentials))
}

func (a *API) setClusterOptions(ctx context.Context, who caller, in *struct {
	ClusterInput
	Body ClusterOptions
},
) (*body[Cluster], error) {
	return clusterAnswer(a.deps.Clusters.SetOptions(ctx, who.Actor, in.Cluster, in.Body.options()))
}

func (a *API) removeCluster(ctx context.Context, who caller, in *ClusterInput) (*nothing, error) {
	return nil, a.deps.Clusters.Remove(ctx, who.Actor, in.Cluster)
}

func (a *API) joinCluster(ctx context.Context, who caller, in *ClusterInput) (*body[ClusterJoin], error) {
	command, hint, err := a.deps.Clusters.Join(ctx, who.Actor, in.Cluster)
	if err != nil {
		return nil, err
	}
	return answer(ClusterJoin{Command: list(command), Hint: hint}), nil
}

// NodeInput names a node in a path.
type NodeInput struct {
	ClusterInput
	Node string `path:"node" maxLength:"300" example:"node-1"`
}

func (a *API) drainNode(ctx context.Context, who caller, in *NodeInput) (*body[Cluster], error) {
	return clusterAnswer(a.deps.Clusters.DrainNode(ctx, who.Actor, in.Cluster, in.Node, true))
}

func (a *API) resumeNode(ctx context.Context, who caller, in *NodeInput) (*body[Cluster], error) {
	return clusterAnswer(a.deps.Clusters.DrainNode(ctx, who.Actor, in.Cluster, in.Node, false))
}

func (a *API) moveApp(ctx context.Context, who caller, in *struct {
	AppInput
	Body MoveApp
},
) (*body[AppMove], error) {
	d, err := a.deps.Pipeline.Move(ctx, who.Actor, in.App, in.Body.To)
	if err != nil {
		return nil, err
	}
	return answer(AppMove{Deployment: wireDeploymentOf(d, in.App)}), nil
}
