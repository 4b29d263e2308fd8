package deployer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"
)

// probeTimeout bounds one probe of an instance that is coming up. A probe that
// hangs longer is asked again: it may have met the app half started.
const probeTimeout = 5 * time.Second

// QuickProbe bounds a probe that somebody waits for to see a list.
const QuickProbe = 250 * time.Millisecond

// Probe asks an instance whether it is healthy. When it is not, why says what
// it answered, "" when nothing accepted the connection. It gives up after 5 s.
func Probe(ctx context.Context, address string, health Health) (ok bool, why string) {
	if address == "" {
		return false, ""
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if health.Path == "" {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return false, ""
		}
		_ = conn.Close() // it was only opened to see that it can be
		return true, ""
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+health.Path, nil)
	if err != nil {
		return false, "cannot be asked for: the path is not valid"
	}
	request.Header.Set("User-Agent", "slipway-health")
	// It takes no proxy from the environment and keeps no connection: an
	// instance that stops gracefully must not wait for ours.
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		var dial *net.OpError
		if errors.As(err, &dial) && dial.Op == "dial" {
			return false, ""
		}
		return false, "gave no answer"
	}
	_ = response.Body.Close() // the status is all that counts
	if response.StatusCode >= 200 && response.StatusCode < 400 {
		return true, ""
	}
	return false, fmt.Sprintf("answered %s", response.Status)
}

// Refused says whether an instance's port turns connections away
// at once, which one that is merely slow does not.
func Refused(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, QuickProbe)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err == nil {
		_ = conn.Close() // it was only opened to see that it can be
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}
