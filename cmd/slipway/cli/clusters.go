package cli

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
)

func (c *cli) clusters() *cobra.Command {
	list := &cobra.Command{
		Use:   "list",
		Short: "List the clusters",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			page, err := ok(s.api.ListClustersWithResponse(cmd.Context()))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(page)
			}
			rows := make([][]string, len(page.Items))
			for i, one := range page.Items {
				state := string(one.State)
				if one.Reason != "" {
					state += ": " + one.Reason
				}
				rows[i] = []string{one.Name, string(one.Kind), fmt.Sprintf("%d/%d", one.NodesReady, one.NodeCount), strconv.FormatInt(one.Apps, 10), strconv.FormatInt(one.Instances, 10), state}
			}
			return c.table([]string{"CLUSTER", "KIND", "NODES", "APPS", "INSTANCES", "STATE"}, rows)
		},
	}
	return family(&cobra.Command{
		Use:   "clusters",
		Short: "List the clusters that apps can run on, add and remove them",
		Long: `A cluster is where apps run: the server's own engine, which is called local and builds
all images, and any number of Docker Swarms and Kubernetes clusters beside it.`,
		Example: `  slipway clusters
  slipway clusters add swarm production --endpoint tcp://10.0.0.5:2376 --ca ca.pem --cert cert.pem --key key.pem
  slipway clusters add kubernetes europe --kubeconfig ~/.kube/config
  slipway move shop --to production`,
		RunE: list.RunE,
	}, list, c.showCluster(), c.addCluster(), c.renewCluster(), c.setCluster(), c.testCluster(), c.removeCluster(), c.joinCluster(), c.drainNode(), c.resumeNode())
}

func (c *cli) showCluster() *cobra.Command {
	return c.clusterVerb("show CLUSTER", "Show a cluster's nodes and what runs on them", getCluster)
}

func getCluster(ctx context.Context, s *session, given []string) (*client.Cluster, error) {
	return ok(s.api.GetClusterWithResponse(ctx, given[0]))
}

// clusterVerb is a command whose arguments are the words of use, and that shows
// the cluster it was about.
func (c *cli) clusterVerb(use, short string, do func(ctx context.Context, s *session, given []string) (*client.Cluster, error)) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  args(cobra.ExactArgs(strings.Count(use, " "))),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			found, err := do(cmd.Context(), s, given)
			if err != nil {
				return err
			}
			return c.printCluster(found)
		},
	}
}

func (c *cli) printCluster(one *client.Cluster) error {
	if c.json {
		return c.print(one)
	}
	c.say("%s: %s, %s, instances: %d.", one.Name, one.Kind, clusterState(one), one.Instances)
	if gets := allowed(one.Options); gets != "" {
		c.say("Apps get: %s.", gets)
	}
	if len(one.Nodes) == 0 {
		return nil
	}
	rows := make([][]string, len(one.Nodes))
	for i, n := range one.Nodes {
		state := string(n.State)
		if n.Reason != "" {
			state += ": " + shorten(n.Reason, 60)
		}
		role := ""
		if n.Manager {
			role = "manager"
		}
		size := ""
		if n.MemoryBytes > 0 {
			size = fmt.Sprintf("%.1f cores, %s", float64(n.CPUMilli)/1000, bytesOf(n.MemoryBytes))
		}
		rows[i] = []string{n.Name, role, state, n.Address, size, shorten(runsOf(n.Runs), 80)}
	}
	return c.table([]string{"NODE", "", "STATE", "ADDRESS", "SIZE", "RUNS"}, rows)
}

// runsOf tells what runs on a node: shop.web.v3 ×2.
func runsOf(runs []client.NodeRun) string {
	words := make([]string, len(runs))
	for i, r := range runs {
		words[i] = fmt.Sprintf("%s.%s.v%d", r.App, r.Process, r.Release)
		if n := count(r.Starting) + count(r.Healthy) + count(r.Unhealthy) + count(r.Exited); n > 1 {
			words[i] += fmt.Sprintf(" ×%d", n)
		}
	}
	return strings.Join(words, " ")
}

func count(numbers *[]int64) int {
	if numbers == nil {
		return 0
	}
	return len(*numbers)
}

func clusterState(one *client.Cluster) string {
	if one.Reason != "" {
		return "away: " + one.Reason
	}
	return string(one.State)
}

// access are the flags that say how a cluster is reached.
type access struct {
	endpoint, ca, cert, key, kubeconfig, context string
}

func (a *access) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.endpoint, "endpoint", "", "the engine's API: unix:///path or tcp://host:port; without it a Swarm is the server's own engine's")
	cmd.Flags().StringVar(&a.ca, "ca", "", "file with the certificate that the engine's is signed by")
	cmd.Flags().StringVar(&a.cert, "cert", "", "file with the certificate to show to the engine")
	cmd.Flags().StringVar(&a.key, "key", "", "file with that certificate's key")
	cmd.Flags().StringVar(&a.kubeconfig, "kubeconfig", "", "file that says how to reach a Kubernetes cluster; without it the server uses the one it runs in")
	cmd.Flags().StringVar(&a.context, "context", "", "the kubeconfig's context, if not its current one")
}

func (a *access) read() (client.ClusterAccess, error) {
	given := client.ClusterCredentials{Context: optional(a.context)}
	for _, file := range []struct {
		path string
		to   **string
	}{{a.ca, &given.Ca}, {a.cert, &given.Cert}, {a.key, &given.Key}, {a.kubeconfig, &given.Kubeconfig}} {
		if file.path == "" {
			continue
		}
		text, err := os.ReadFile(file.path)
		if err != nil {
			return client.ClusterAccess{}, err
		}
		*file.to = optional(string(text))
	}
	return client.ClusterAccess{Endpoint: optional(a.endpoint), Credentials: &given}, nil
}

func (c *cli) addCluster() *cobra.Command {
	var how access
	var gets allowances
	cmd := &cobra.Command{
		Use:   "add swarm|kubernetes NAME",
		Short: "Add a cluster that apps can be moved to (for owners)",
		Long: `The cluster must answer: one that cannot be reached is refused. What it is reached with is
kept encrypted and never shown again. Its nodes take images from a registry: see
docs/clusters.md.`,
		Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			reach, err := how.read()
			if err != nil {
				return err
			}
			made, err := created(s.api.AddClusterWithResponse(cmd.Context(), &client.AddClusterParams{IdempotencyKey: once()},
				client.AddCluster{Kind: client.AddClusterKind(given[0]), Name: given[1], Endpoint: reach.Endpoint, Credentials: reach.Credentials, Options: gets.given(cmd)}))
			if err != nil {
				return err
			}
			return c.printCluster(made)
		},
	}
	how.flags(cmd)
	gets.flags(cmd)
	return cmd
}

func (c *cli) renewCluster() *cobra.Command {
	var how access
	cmd := &cobra.Command{
		Use:   "renew CLUSTER",
		Short: "Give a cluster another endpoint or other credentials (for owners)",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			reach, err := how.read()
			if err != nil {
				return err
			}
			found, err := ok(s.api.RenewClusterWithResponse(cmd.Context(), given[0], reach))
			if err != nil {
				return err
			}
			return c.printCluster(found)
		},
	}
	how.flags(cmd)
	return cmd
}

func (c *cli) testCluster() *cobra.Command {
	return c.clusterVerb("test CLUSTER", "Say whether a cluster answers", func(ctx context.Context, s *session, given []string) (*client.Cluster, error) {
		found, err := getCluster(ctx, s, given)
		if err == nil && found.State == client.ClusterStateAway {
			err = fail(exitUnavailable, "", "%s does not answer: %s", found.Name, found.Reason)
		}
		return found, err
	})
}

func (c *cli) removeCluster() *cobra.Command {
	return &cobra.Command{
		Use:   "remove CLUSTER",
		Short: "Take a cluster away that no app needs (for owners)",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			if _, err := s.api.RemoveClusterWithResponse(cmd.Context(), given[0]); err != nil {
				return err
			}
			return c.done("removed", given[0])
		},
	}
}

func (c *cli) joinCluster() *cobra.Command {
	return &cobra.Command{
		Use:   "join CLUSTER",
		Short: "Show the command that makes a machine a node of a cluster (for owners)",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			how, err := ok(s.api.JoinClusterWithResponse(cmd.Context(), given[0]))
			if err != nil {
				return err
			}
			if c.json {
				return c.print(how)
			}
			if len(how.Command) > 0 {
				c.say("Run this on the machine. Keep it to yourself: who runs it joins.\n\n  %s\n", strings.Join(how.Command, " "))
			}
			if how.Hint != "" {
				c.say("%s", how.Hint)
			}
			return nil
		},
	}
}

func (c *cli) drainNode() *cobra.Command {
	return c.clusterVerb("drain CLUSTER NODE", "Move a node's instances elsewhere and give it no more (for owners)",
		func(ctx context.Context, s *session, given []string) (*client.Cluster, error) {
			return ok(s.api.DrainNodeWithResponse(ctx, given[0], given[1]))
		})
}

func (c *cli) resumeNode() *cobra.Command {
	return c.clusterVerb("resume CLUSTER NODE", "Let a drained node take instances again (for owners)",
		func(ctx context.Context, s *session, given []string) (*client.Cluster, error) {
			return ok(s.api.ResumeNodeWithResponse(ctx, given[0], given[1]))
		})
}

func (c *cli) move() *cobra.Command {
	var to string
	var detach bool
	cmd := &cobra.Command{
		Use:   "move APP",
		Short: "Bring an app to another cluster, without losing a request",
		Long: `The live release comes up on the other cluster, gets the traffic, and then goes here.
"slipway rollback" brings it back. An app with a volume cannot move.`,
		Example: "  slipway move shop --to production",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, err := c.connect()
			if err != nil {
				return err
			}
			moved, err := accepted(s.api.MoveAppWithResponse(cmd.Context(), given[0], &client.MoveAppParams{IdempotencyKey: once()}, client.MoveApp{To: to}))
			if err != nil {
				return err
			}
			if moved.Deployment != nil {
				return c.finish(cmd.Context(), s, moved.Deployment, detach)
			}
			if c.json {
				return c.print(moved)
			}
			c.say("%s has nothing deployed yet; its first release will run on %s.", given[0], to)
			return nil
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "the cluster's name")
	cmd.Flags().BoolVar(&detach, "detach", false, "return at once instead of following the deployment")
	_ = cmd.MarkFlagRequired("to")
	return cmd
}
