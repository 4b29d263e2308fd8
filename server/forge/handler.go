package forge

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"

	"github.com/slipway-paas/slipway/models"
)

// maxBody bounds a webhook, in bytes. GitHub's own bound is higher, but events
// that large are of pushes with thousands of commits, and such a push can be
// deployed by hand.
const maxBody = 1 << 20

// Apps is what a webhook wants of the apps. It acts for nobody: the signature
// is what lets a webhook in.
type Apps interface {
	// App gives the app of a name, a KindNotFound error when there is none.
	App(ctx context.Context, name string) (*models.App, error)
	// WebhookSecret gives what the app's webhooks are signed with, nil when no
	// webhook was ever set up.
	WebhookSecret(ctx context.Context, app *models.App) ([]byte, error)
	// Deploy writes a deployment down for a delivery, whose ID is unique to the
	// app: one that came before gives the deployment it made then, and true.
	// The commit is looked up anew when the deployment runs.
	Deploy(ctx context.Context, app *models.App, delivery string, push Push) (d *models.Deployment, duplicate bool, err error)
}

// Handler answers POST /webhooks/github/{app}. It is safe for concurrent use.
type Handler struct {
	Apps   Apps
	URL    string // how people reach the dashboard, without a slash at its end
	Logger *slog.Logger
}

var deliveryID = regexp.MustCompile(`^[A-Za-z0-9-]{1,100}$`)

// errStranger is the one answer to an app that is not there, one without a
// webhook and a wrong signature, so that the answers tell nothing of which apps
// there are.
var errStranger = models.Errorf(models.KindUnauthenticated, "no webhook of this address and signature is known; set it up again from the app's settings")

// nobody's secret is checked against where there is no app, so that the answer
// takes as long.
var nobody = []byte("there is no app of this name, and this is not a secret")

// ServeHTTP takes a webhook of the app that the path names last.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		problem(w, http.StatusMethodNotAllowed, models.Errorf(models.KindInvalid, "send webhooks with POST"))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			h.refuse(w, models.Errorf(models.KindTooLarge, "the webhook is over 1 MiB"))
			return
		}
		h.refuse(w, models.Errorf(models.KindInvalid, "the webhook's body broke off"))
		return
	}
	app, err := h.admit(r.Context(), name(r.URL.Path), body, r.Header.Get("X-Hub-Signature-256"))
	if err != nil {
		h.refuse(w, err)
		return
	}
	h.hear(w, r, app, body)
}

// admit gives the app that a body is signed for.
func (h *Handler) admit(ctx context.Context, name string, body []byte, signature string) (*models.App, error) {
	app, err := h.Apps.App(ctx, name)
	secret := nobody
	if err == nil {
		if secret, err = h.Apps.WebhookSecret(ctx, app); err != nil {
			return nil, err
		}
	} else if models.KindOf(err) != models.KindNotFound {
		return nil, err
	}
	if VerifyGitHub(secret, body, signature) != nil || app == nil {
		return nil, errStranger
	}
	return app, nil
}

// hear does what a verified webhook is for.
func (h *Handler) hear(w http.ResponseWriter, r *http.Request, app *models.App, body []byte) {
	delivery := r.Header.Get("X-GitHub-Delivery")
	if !deliveryID.MatchString(delivery) {
		h.refuse(w, models.Invalid("X-GitHub-Delivery", "the header X-GitHub-Delivery must name the delivery"))
		return
	}
	switch event := r.Header.Get("X-GitHub-Event"); event {
	case "push":
	case "ping":
		ignore(w, "the webhook is set up; a push to the tracked branch will be deployed")
		return
	default:
		ignore(w, "only push events are deployed")
		return
	}
	payload, err := payload(r.Header.Get("Content-Type"), body)
	if err != nil {
		h.refuse(w, err)
		return
	}
	push, err := ParseGitHubPush(payload)
	if err != nil {
		h.refuse(w, err)
		return
	}
	if why := unwanted(app, push); why != "" {
		ignore(w, why)
		return
	}
	d, duplicate, err := h.Apps.Deploy(r.Context(), app, delivery, push)
	if err != nil {
		h.refuse(w, err)
		return
	}
	status := http.StatusAccepted
	if duplicate {
		status = http.StatusOK
	}
	h.Logger.Info("webhook taken", "app", app.ID, "deployment", d.ID, "delivery", delivery, "duplicate", duplicate)
	answer(w, status, map[string]any{
		"deployment": map[string]any{
			"id": d.ID, "app": app.Name, "number": d.Number, "state": d.State,
			"url": h.URL + "/apps/" + app.Name + "/deployments/" + strconv.Itoa(d.Number),
		},
		"duplicate": duplicate,
	})
}

// unwanted says why a push is not deployed, "" when it is.
func unwanted(app *models.App, push Push) string {
	tracked := app.Branch
	if tracked == "" {
		tracked = push.DefaultBranch
	}
	switch {
	case app.SourceURL == "":
		return "the app has no git URL to deploy from"
	case push.Branch == "":
		return "only branches are deployed"
	case push.Branch != tracked:
		return "the branch is not the one that deploys"
	case push.Deleted:
		return "the branch was deleted"
	}
	return ""
}

// payload takes the JSON out of a form, which is the other way GitHub sends it.
func payload(contentType string, body []byte) ([]byte, error) {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return body, nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, models.Invalid("payload", "the body is not a form, as it claims")
	}
	return []byte(form.Get("payload")), nil
}

// name gives the last element of a path.
func name(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[i+1:]
		}
	}
	return path
}

var statuses = map[models.Kind]int{
	models.KindInvalid:         http.StatusBadRequest,
	models.KindUnauthenticated: http.StatusUnauthorized,
	models.KindForbidden:       http.StatusForbidden,
	models.KindNotFound:        http.StatusNotFound,
	models.KindConflict:        http.StatusConflict,
	models.KindTooLarge:        http.StatusRequestEntityTooLarge,
	models.KindRateLimited:     http.StatusTooManyRequests,
	models.KindUnavailable:     http.StatusServiceUnavailable,
}

func (h *Handler) refuse(w http.ResponseWriter, err error) {
	status, known := statuses[models.KindOf(err)]
	if !known {
		status = http.StatusInternalServerError
		h.Logger.Error("a webhook failed", "error", err)
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	problem(w, status, err)
}

func problem(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/problem+json")
	answer(w, status, map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status,
		"detail": models.SafeMessage(err), "kind": models.KindOf(err),
	})
}

func ignore(w http.ResponseWriter, why string) {
	answer(w, http.StatusOK, map[string]string{"ignored": why})
}

func answer(w http.ResponseWriter, status int, body any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the sender may be gone
}
