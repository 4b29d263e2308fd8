package api

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/accounts"
)

// cookieAge is how long a browser keeps the session's cookie, in seconds. The
// server decides how long the session lives; the cookie is renewed with it.
const cookieAge = 30 * 24 * 60 * 60

// identify finds out who asks before anything of the request is looked at, and
// refuses who lacks what the route needs.
func (a *API) identify(r route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c := humagin.Unwrap(ctx)
		c.Header("Cache-Control", "no-store")
		who, renewed, err := a.caller(c.Request, requestID(c))
		if err == nil && !r.public && !r.own {
			err = who.Require(r.scope)
		}
		if err != nil && !(r.public && models.KindOf(err) == models.KindUnauthenticated) {
			a.fail(c.Writer, c.Request, err)
			return
		}
		if renewed {
			c.Header("Set-Cookie", a.sessionCookie(accounts.CredentialsOf(c.Request).Session))
		}
		next(huma.WithValue(ctx, callerKey{}, who))
	}
}

// caller says who sends a request. When that is nobody known it gives a
// KindUnauthenticated error along with where the request comes from.
func (a *API) caller(r *http.Request, requestID string) (who caller, renewed bool, err error) {
	ip := a.deps.Proxies.ClientIP(r)
	who = caller{Actor: models.Actor{IP: ip}, UserAgent: r.UserAgent(), RequestID: requestID}
	if device, err := r.Cookie(accounts.DeviceCookieName); err == nil {
		who.Device = device.Value
	}
	identity, err := a.deps.Accounts.Identify(r.Context(), accounts.CredentialsOf(r), ip)
	if err != nil {
		return who, false, err
	}
	who.Actor, who.SessionID = identity.Actor, identity.SessionID
	return who, identity.Renewed, nil
}

// sessionCookie gives the Set-Cookie header for a session's secret; "" takes
// the cookie away.
func (a *API) sessionCookie(secret string) string {
	cookie := http.Cookie{
		Name: accounts.CookieName, Value: secret, Path: "/", MaxAge: cookieAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(a.deps.URL, "https://"),
	}
	if secret == "" {
		cookie.MaxAge = -1
	}
	return cookie.String()
}

// deviceAge is how long a browser is remembered, in seconds, since it last
// signed in.
const deviceAge = 365 * 24 * 60 * 60

// deviceCookie gives the Set-Cookie header for a device. Only signing in reads
// it, and signing out leaves it.
func (a *API) deviceCookie(device string) string {
	cookie := http.Cookie{
		Name: accounts.DeviceCookieName, Value: device, Path: apiBase + "/session", MaxAge: deviceAge,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: strings.HasPrefix(a.deps.URL, "https://"),
	}
	return cookie.String()
}
