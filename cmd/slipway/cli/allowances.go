package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-paas/slipway/client"
)

// allowances are the flags that say what apps get on a Kubernetes cluster.
type allowances struct {
	memory, cpu, instances, volume int64
	class                          string
}

// The flags by name.
const (
	flagQuotaMemory    = "quota-memory"
	flagQuotaCPU       = "quota-cpu"
	flagQuotaInstances = "quota-instances"
	flagStorageClass   = "storage-class"
	flagVolumeSize     = "volume-size"
)

func (a *allowances) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Int64Var(&a.memory, flagQuotaMemory, 0, "MiB that all instances of an app may use together on a Kubernetes; 0 for no bound")
	flags.Int64Var(&a.cpu, flagQuotaCPU, 0, "thousandths of a core that they may use together; 0 for no bound")
	flags.Int64Var(&a.instances, flagQuotaInstances, 0, "how many instances an app may have there; 0 for no bound")
	flags.StringVar(&a.class, flagStorageClass, "", `storage class of volumes there; "" for the cluster's own choice`)
	flags.Int64Var(&a.volume, flagVolumeSize, 0, "how large a volume is made there, in MiB; 0 for 1024")
}

// given are the options that the flags name, nil when none does.
func (a *allowances) given(cmd *cobra.Command) *client.ClusterOptions {
	options := client.ClusterOptions{}
	if !a.over(cmd, &options) {
		return nil
	}
	return &options
}

// over puts the flags that were given over what there is.
func (a *allowances) over(cmd *cobra.Command, options *client.ClusterOptions) (changed bool) {
	if options.Quota == nil {
		options.Quota = &client.ClusterQuota{}
	}
	for name, put := range map[string]func(){
		flagQuotaMemory:    func() { options.Quota.MemoryMb = &a.memory },
		flagQuotaCPU:       func() { options.Quota.CPUMilli = &a.cpu },
		flagQuotaInstances: func() { options.Quota.Instances = &a.instances },
		flagStorageClass:   func() { options.StorageClass = &a.class },
		flagVolumeSize:     func() { options.VolumeMb = &a.volume },
	} {
		if cmd.Flags().Changed(name) {
			put()
			changed = true
		}
	}
	return changed
}

func (c *cli) setCluster() *cobra.Command {
	var gets allowances
	cmd := &cobra.Command{
		Use:   "set CLUSTER",
		Short: "Set what apps get on a Kubernetes cluster (for owners)",
		Long: `What is not named stays. A quota holds for an app when something of it is started next,
a storage class and a size for volumes that are made from then on.`,
		Example: "  slipway clusters set europe --quota-memory 4096 --quota-instances 20\n  slipway clusters set europe --storage-class fast",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if gets.given(cmd) == nil {
				return usage(cmd, "say what to set, such as --quota-memory 4096")
			}
			s, err := c.connect()
			if err != nil {
				return err
			}
			found, err := getCluster(cmd.Context(), s, given)
			if err != nil {
				return err
			}
			gets.over(cmd, &found.Options)
			if found, err = ok(s.api.SetClusterOptionsWithResponse(cmd.Context(), given[0], found.Options)); err != nil {
				return err
			}
			return c.printCluster(found)
		},
	}
	gets.flags(cmd)
	return cmd
}

// allowed says in words what apps get on a cluster, "" for all there is.
func allowed(options client.ClusterOptions) string {
	var parts []string
	add := func(n *int64, format string) {
		if n != nil && *n > 0 {
			parts = append(parts, fmt.Sprintf(format, *n))
		}
	}
	if q := options.Quota; q != nil {
		add(q.MemoryMb, "at most %d MiB each")
		add(q.CPUMilli, "at most %d/1000 of a core each")
		add(q.Instances, "at most %d instances each")
	}
	if options.StorageClass != nil && *options.StorageClass != "" {
		parts = append(parts, "volumes of the class "+*options.StorageClass)
	}
	add(options.VolumeMb, "volumes of %d MiB")
	return strings.Join(parts, ", ")
}
