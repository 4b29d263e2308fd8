package kubernetes

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/slipway-paas/slipway/deployer"
)

// trouble says why an instance will not start, in words that a person can act
// on, or nothing. since is when it was first seen to wait.
func (c *Cluster) trouble(v *pod, since time.Time) error {
	for _, condition := range v.Status.Conditions {
		if condition.Type != corev1.PodScheduled || condition.Status != corev1.ConditionFalse {
			continue
		}
		if condition.Reason == corev1.PodReasonUnschedulable && time.Since(since) >= c.options.Placed {
			return fmt.Errorf("%s: %w for it on any node: %s", v.instance.Name, deployer.ErrNoRoom, quote(condition.Message))
		}
	}
	message := quote(shorter(v.waiting.Message, v.image()))
	switch v.waiting.Reason {
	case "InvalidImageName", "ErrImageNeverPull":
		return fmt.Errorf("%s: %w: %s: %s", v.instance.Name, deployer.ErrNoImage, v.image(), message)
	case "ImagePullBackOff":
		return v.noImage(message)
	case "ErrImagePull":
		if definite(message) {
			return v.noImage(message)
		}
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		if transient(message) {
			return nil
		}
		if contains(message, "no command specified") {
			return fmt.Errorf("%s: %w: %s", v.instance.Name, deployer.ErrNoCommand, v.image())
		}
		in := v.instance
		in.State = deployer.StateExited
		return &deployer.Unhealthy{Instance: in, Reason: "could not be started: " + message, Exited: true}
	}
	return nil
}

// refused says why the engine does not make a Deployment's pods: at once when a
// quota is exceeded, and of everything else when it has lasted since a while.
func (c *Cluster) refused(d *appsv1.Deployment, since time.Time) error {
	for _, condition := range d.Status.Conditions {
		if condition.Type == appsv1.DeploymentReplicaFailure && condition.Status == corev1.ConditionTrue {
			return c.notMade(condition.Message, since)
		}
	}
	return nil
}

// notMade judges what the engine says about a pod that it could not make.
func (c *Cluster) notMade(message string, since time.Time) error {
	switch {
	case overQuota(message):
		return fmt.Errorf("%w: %s", deployer.ErrNoRoom, quote(message))
	case time.Since(since) >= c.options.Placed:
		return fmt.Errorf("the cluster refuses it: %s", quote(message))
	}
	return nil // the namespace's own account may be a moment late, for one
}

func (v *pod) image() string {
	if len(v.Spec.Containers) == 0 {
		return ""
	}
	return v.Spec.Containers[0].Image
}

func (v *pod) noImage(message string) error {
	if refusesCredentials(message) {
		return fmt.Errorf("%s: %w: the registry does not let node %s fetch %s: %s", v.instance.Name, deployer.ErrNoImage, v.instance.Node, v.image(), message)
	}
	return fmt.Errorf("%s: %w: node %s cannot fetch %s: %s", v.instance.Name, deployer.ErrNoImage, v.instance.Node, v.image(), message)
}

// shorter leaves out what nodes put before what is wrong with an image: that it
// could not be fetched, four times over, each with all of its name.
func shorter(message, image string) string {
	message = strings.ReplaceAll(message, strconv.Quote(image), "it")
	for _, words := range []string{
		"Back-off pulling image it: ", "ErrImagePull: ", "rpc error: code = Unknown desc = ", "rpc error: code = NotFound desc = ",
		"failed to pull and unpack image it: ", "failed to resolve reference it: ", "failed to do request: ",
	} {
		message = strings.ReplaceAll(message, words, "")
	}
	return message
}

// definite tells a pull that will fail again from one that may not. The engine
// has no class for either.
func definite(message string) bool {
	return refusesCredentials(message) || contains(message, "not found", "no such host", "manifest unknown", "name unknown")
}

func refusesCredentials(message string) bool {
	return contains(message, "unauthorized", "authorization failed", "access denied", "forbidden", "no basic auth")
}

// transient: the node has not yet been told of a Secret that was made a moment
// before the pod.
func transient(message string) bool {
	return contains(message, "failed to sync secret cache", "not registered")
}

func contains(message string, signs ...string) bool {
	message = strings.ToLower(message)
	for _, sign := range signs {
		if strings.Contains(message, sign) {
			return true
		}
	}
	return false
}
