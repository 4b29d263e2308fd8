//go:build kubernetes

package kubernetes_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/slipway-paas/slipway/deployer"
	"github.com/slipway-paas/slipway/deployer/clustertest"
	"github.com/slipway-paas/slipway/deployer/kubernetes"
)

// newDoorway gives the options of a cluster that is reached through one.
func newDoorway(t *testing.T, o kubernetes.Options) (*clustertest.Doorway, kubernetes.Options) {
	config, err := clientcmd.LoadFromFile(kubeconfig)
	ok(t, err)
	cluster := config.Clusters["testbed"]
	target := strings.TrimPrefix(cluster.Server, "https://")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	door := clustertest.OpenDoorway(t, listener, "tcp", target)
	cluster.TLSServerName, _, _ = net.SplitHostPort(target)
	cluster.Server = "https://" + listener.Addr().String()
	o.KubeconfigFile = t.TempDir() + "/kubeconfig"
	ok(t, clientcmd.WriteToFile(*config, o.KubeconfigFile))
	return door, o
}

// TestWatchConnectsAgain: events go on after the cluster was away, and a resync
// comes before them.
func TestWatchConnectsAgain(t *testing.T) {
	t.Parallel()
	ctx := within(t, 2*time.Minute)
	o := options(t)
	direct := newCluster(t, o)
	door, through := newDoorway(t, o)
	var in deployer.Instance
	resyncs := 0
	for event, err := range newCluster(t, through).Watch(ctx) {
		ok(t, err)
		switch {
		case event.Type == deployer.EventResync && resyncs == 0:
			resyncs++
			door.Cut(true)
			in = up(ctx, t, direct, workload(1))[0] // nobody sees it
			door.Cut(false)
		case event.Type == deployer.EventResync:
			resyncs++
			ok(t, direct.Remove(ctx, in.Workload, 5*time.Second))
		case event.Type == deployer.EventRemoved:
			if resyncs != 2 || event.Instance.ID != in.ID {
				t.Errorf("after %d resyncs came %+v", resyncs, event)
			}
			return
		}
	}
}

// TestLogsSurviveACut: the connection breaks, the cluster is still there.
func TestLogsSurviveACut(t *testing.T) {
	t.Parallel()
	ctx := within(t, 2*time.Minute)
	o := options(t)
	in := up(ctx, t, newCluster(t, o), workload(1))[0]
	door, through := newDoorway(t, o)
	write := func(from int) {
		response, err := http.Get(fmt.Sprintf("http://%s/log?n=100&from=%d", in.Address, from))
		ok(t, err)
		_ = response.Body.Close()
	}
	write(0)
	seen := 0
	for line, err := range newCluster(t, through).Logs(ctx, deployer.LogQuery{InstanceID: in.ID, Follow: true}) {
		ok(t, err)
		if line.Text != fmt.Sprintf("line %d", seen) {
			t.Fatalf("line %d is %q", seen, line.Text)
		}
		if seen++; seen%100 == 0 {
			if seen == 500 {
				break
			}
			door.Cut(false)
			write(seen)
		}
	}
	if seen != 500 {
		t.Errorf("%d lines came", seen)
	}
}
