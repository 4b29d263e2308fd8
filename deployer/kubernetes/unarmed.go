package kubernetes

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A node learns of a Secret when it first has a pod that needs it, and may be
// told a moment too late: it then goes on without the credentials, and the
// registry refuses it. It says so in an event, and tries again ten seconds later.
const secretMissed = "FailedToRetrieveImagePullSecret"

const (
	// eventWithin is how long the event may come after what it explains.
	eventWithin = time.Second
	// tellWithin is how long nodes may take to learn of a Secret. One that still
	// has not then is reported.
	tellWithin = 30 * time.Second
)

// denial is when a node was first seen to fail with an image, and how.
type denial struct {
	at  time.Time
	err error
}

// unarmed says whether a node tried to fetch an image before it had been told
// the credentials.
func (c *Cluster) unarmed(ctx context.Context, v *pod) (bool, error) {
	var list corev1.EventList
	request := c.api.rest.Get().AbsPath(happenings.in(v.Namespace)).
		Param("fieldSelector", "involvedObject.uid="+string(v.UID)+",reason="+secretMissed).Param("limit", "1")
	if err := c.api.do(ctx, request, &list); err != nil {
		return false, fail(ctx, "look for what happened to "+v.instance.Name, err)
	}
	return len(list.Items) > 0, nil
}

// reconsider gives an image that could not be fetched another try if the node
// had not been told the credentials: another pod takes that one's place, at once.
func (w *wait) reconsider(ctx context.Context, v *pod, err error) error {
	first, seen := w.denied[v.key()]
	if !seen {
		first = denial{time.Now(), err}
		w.denied[v.key()] = first
	}
	unarmed, asking := w.unarmed(ctx, v)
	switch {
	case asking != nil:
		return asking
	case unarmed && time.Since(w.began) < tellWithin:
		return fail(ctx, "start "+v.instance.Name+" anew", w.replace(ctx, v))
	case !unarmed && time.Since(first.at) < eventWithin:
		return nil
	}
	return first.err
}

// replace has another pod take the place of one.
func (c *Cluster) replace(ctx context.Context, v *pod) error {
	uid := v.UID
	return unlessNotFound(c.api.remove(ctx, pods.one(v.Namespace, v.Name), metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}))
}
