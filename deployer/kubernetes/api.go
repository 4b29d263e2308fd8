package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// fieldManager is who the API server takes us for when it merges what we apply
// with what others do.
const fieldManager = "slipway"

// callTimeout bounds one call that has no longer stream for an answer. The
// server ends its own after a minute.
const callTimeout = 70 * time.Second

// api speaks with the API server in the types of its own packages, as JSON.
type api struct {
	rest   *rest.RESTClient
	config *rest.Config
}

func newAPI(config *rest.Config) (*api, error) {
	scheme := runtime.NewScheme()
	v1 := schema.GroupVersion{Version: "v1"}
	metav1.AddToGroupVersion(scheme, v1) // of all types it knows only those of errors
	config = rest.CopyConfig(config)
	config.GroupVersion = &v1
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	config.ContentType = runtime.ContentTypeJSON
	config.UserAgent = fieldManager
	config.QPS = -1 // the server itself says when it has enough, and is obeyed
	config.WarningHandler = rest.NoWarnings{}
	client, err := rest.UnversionedRESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("the connection to the cluster: %w", err)
	}
	return &api{rest: client, config: config}, nil
}

// resource is one kind of object.
type resource struct{ prefix, plural string }

var (
	namespaces      = resource{"/api/v1", "namespaces"}
	nodes           = resource{"/api/v1", "nodes"}
	pods            = resource{"/api/v1", "pods"}
	secrets         = resource{"/api/v1", "secrets"}
	services        = resource{"/api/v1", "services"}
	quotas          = resource{"/api/v1", "resourcequotas"}
	claims          = resource{"/api/v1", "persistentvolumeclaims"}
	happenings      = resource{"/api/v1", "events"}
	deployments     = resource{"/apis/apps/v1", "deployments"}
	replicaSets     = resource{"/apis/apps/v1", "replicasets"}
	jobs            = resource{"/apis/batch/v1", "jobs"}
	networkPolicies = resource{"/apis/networking.k8s.io/v1", "networkpolicies"}
	budgets         = resource{"/apis/policy/v1", "poddisruptionbudgets"}
)

// in is the path of all of them in a namespace, of all namespaces for "".
func (r resource) in(namespace string) string {
	if namespace == "" {
		return r.prefix + "/" + r.plural
	}
	return r.prefix + "/namespaces/" + url.PathEscape(namespace) + "/" + r.plural
}

// one is the path of one of them.
func (r resource) one(namespace, name string) string {
	return r.in(namespace) + "/" + url.PathEscape(name)
}

func (a *api) do(ctx context.Context, request *rest.Request, into any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, callTimeout, errSlow)
	defer cancel()
	raw, err := request.DoRaw(ctx)
	if err != nil {
		if context.Cause(ctx) == errSlow {
			return errSlow
		}
		return err
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("the API server's answer: %w", err)
	}
	return nil
}

func (a *api) get(ctx context.Context, path string, into any) error {
	return a.do(ctx, a.rest.Get().AbsPath(path), into)
}

func (a *api) list(ctx context.Context, path, selector string, into any) error {
	return a.do(ctx, a.rest.Get().AbsPath(path).Param("labelSelector", selector), into)
}

// create makes an object; into, if not nil, is what came of it.
func (a *api) create(ctx context.Context, path string, object, into any) error {
	body, err := json.Marshal(object)
	if err != nil {
		return err
	}
	return a.do(ctx, a.rest.Post().AbsPath(path).Param("fieldManager", fieldManager).SetHeader("Content-Type", runtime.ContentTypeJSON).Body(body), into)
}

// apply makes an object be as given, whoever else set some of its fields.
func (a *api) apply(ctx context.Context, path string, object, into any) error {
	body, err := json.Marshal(object)
	if err != nil {
		return err
	}
	request := a.rest.Patch(types.ApplyPatchType).AbsPath(path).Param("fieldManager", fieldManager).Param("force", "true")
	return a.do(ctx, request.Body(body), into)
}

// merge changes some fields of an object.
func (a *api) merge(ctx context.Context, path string, fields any) error {
	body, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return a.do(ctx, a.rest.Patch(types.MergePatchType).AbsPath(path).Param("fieldManager", fieldManager).Body(body), nil)
}

func (a *api) remove(ctx context.Context, path string, options metav1.DeleteOptions) error {
	body, err := json.Marshal(options)
	if err != nil {
		return err
	}
	return a.do(ctx, a.rest.Delete().AbsPath(path).SetHeader("Content-Type", runtime.ContentTypeJSON).Body(body), nil)
}

// removeAll removes all objects that a selector matches.
func (a *api) removeAll(ctx context.Context, path, selector string, options metav1.DeleteOptions) error {
	body, err := json.Marshal(options)
	if err != nil {
		return err
	}
	return a.do(ctx, a.rest.Delete().AbsPath(path).Param("labelSelector", selector).SetHeader("Content-Type", runtime.ContentTypeJSON).Body(body), nil)
}

// watching is a stream of changes.
type watching struct {
	body    io.ReadCloser
	decoder *json.Decoder
}

// watch follows the changes since a version. It ends when ctx does.
func (a *api) watch(ctx context.Context, path, selector, since string) (*watching, error) {
	request := a.rest.Get().AbsPath(path).
		Param("watch", "true").Param("labelSelector", selector).Param("allowWatchBookmarks", "true").
		Param("timeoutSeconds", strconv.Itoa(int(watchFor/time.Second))).Param("resourceVersion", since)
	body, err := request.Stream(ctx)
	if err != nil {
		return nil, err
	}
	return &watching{body: body, decoder: json.NewDecoder(body)}, nil
}

// watchFor is how long one watch lasts before it is asked for again.
const watchFor = 5 * time.Minute

// Types of notice beside those of a change.
const (
	watchFailed   = "ERROR"
	watchBookmark = "BOOKMARK"
)

// change is one notice of a watch.
type change struct {
	Type   string          `json:"type"`
	Object json.RawMessage `json:"object"`
}

func (w *watching) next() (change, error) {
	var c change
	err := w.decoder.Decode(&c)
	return c, err
}

func (w *watching) close() { _ = w.body.Close() }
