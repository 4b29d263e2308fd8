package pipeline

import (
	"fmt"

	"github.com/slipway-paas/slipway/deployer"
)

// Changes says whether a step changes anything.
func (s ForeseenStep) Changes() bool { return s.Action != deployer.ActionKeep }

// String says a step in words for people, in the tense of what is still to come.
func (s ForeseenStep) String() string {
	words := s.words()
	if because := s.Why.words(); because != "" && s.Action != deployer.ActionHold {
		words += " (" + because + ")"
	}
	return words
}

func (s ForeseenStep) words() string {
	who := s.who()
	switch s.Action {
	case ActionPublish:
		return "publish the image in the registry for " + s.Cluster
	case deployer.ActionMakeNetwork:
		return "make the app's network on " + s.Cluster
	case deployer.ActionRemoveNetwork:
		return "remove the app's network from " + s.Cluster
	case deployer.ActionMakeVolume:
		return fmt.Sprintf("make the volume %s on %s", s.Volume, s.Cluster)
	case ActionRemoveVolume:
		return fmt.Sprintf("delete the volume %s and what is in it", s.Volume)
	case deployer.ActionHold:
		return "let requests wait in the routers"
	case deployer.ActionRetire:
		return "send no new requests to " + who
	case deployer.ActionDrain:
		return "wait for the requests in flight on " + who
	case deployer.ActionCreate:
		words := fmt.Sprintf("create %s on %s", who, s.Cluster)
		if len(s.Placement) > 0 {
			words += ", on nodes with " + labelsOf(s.Placement)
		}
		return words
	case deployer.ActionStart:
		return "start " + who + " again"
	case deployer.ActionReplace:
		return "replace " + who
	case deployer.ActionRemove:
		return fmt.Sprintf("stop and remove %s from %s", who, s.Cluster)
	case deployer.ActionSwitch:
		return "send requests to " + who
	}
	return "keep " + who
}

// who names instances: "web v3, instance 2", "web v3, instances 1 to 3".
func (s ForeseenStep) who() string {
	name := fmt.Sprintf("%s v%d", s.Workload.Process, s.Workload.Release)
	n := len(s.Indexes)
	switch {
	case n == 0:
		return name
	case n == 1:
		return fmt.Sprintf("%s, instance %d", name, s.Indexes[0])
	case s.Indexes[n-1]-s.Indexes[0] == n-1:
		return fmt.Sprintf("%s, instances %d to %d", name, s.Indexes[0], s.Indexes[n-1])
	}
	words := name + ", instances "
	for i, index := range s.Indexes {
		if i > 0 {
			words += ", "
		}
		words += fmt.Sprint(index)
	}
	return words
}

func (w Why) words() string {
	return map[Why]string{
		WhyReplaced: "another release takes its place", WhyStopFirst: "it stops before the new one starts",
		WhyScaled: "another number is wanted", WhyMissing: "it should be there", WhyStopped: "it was stopped", WhyPaused: "it was paused",
		WhyCutOff: "it is cut off from the network", WhyAltered: "it was made from something else", WhyWarm: "warm: going back to it takes a moment",
		WhyWarmOver: "it was kept warm for long enough", WhyLeftOver: "it is not of the live release",
	}[w]
}
