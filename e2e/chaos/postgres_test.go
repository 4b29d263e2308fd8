package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresFaults takes Postgres away in the middle of deployments, in every way
// that it can be.
func postgresFaults(t *testing.T, dice *rand.Rand) {
	h := settle(t, options{postgres: map[string]string{"max_connections": "40"}})
	s := h.first()
	repo := h.clone(t, "adrift")
	repo.commit(t, "first")
	repo.deploy(t, s)
	crowd := h.crowd(t, repo.app)
	faults := []struct {
		name  string
		fault func(t *testing.T)
	}{
		{"a restart without tidying up", func(t *testing.T) { h.crashPostgres(t) }},
		{"a stop for some seconds", func(t *testing.T) {
			h.stopPostgres(t)
			time.Sleep(time.Duration(1+dice.IntN(7)) * time.Second) // how long it is away
			h.startPostgres(t, map[string]string{"max_connections": "40"})
		}},
		{"all connections cut", func(t *testing.T) { h.cutConnections(t) }},
		{"all connections held", func(t *testing.T) {
			release := h.holdConnections(t)
			time.Sleep(time.Duration(3+dice.IntN(7)) * time.Second) // how long they are held
			release()
		}},
	}
	dice.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	if brief() {
		faults = faults[:1]
	}
	for i, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			repo.commit(t, fmt.Sprint("fault-", i), nap(time.Duration(500+dice.IntN(1000))*time.Millisecond), "ENV DELAY=1s")
			push := repo.push(t, s)
			phase := []string{"", "building", "deploying"}[dice.IntN(3)]
			if phase != "" {
				reaches(t, h, push.commit, phase)
			}
			time.Sleep(time.Duration(dice.IntN(1000)) * time.Millisecond) // any moment of the phase
			f.fault(t)
			lifted := time.Now()
			<-push.done
			eventually(t, time.Minute, "the server is ready again", s.ready)
			h.sound(t, 90*time.Second, f.name)
			t.Logf("in phase %q; all well %s after it was over; the push: %v, acknowledged as #%d", phase, time.Since(lifted).Round(100*time.Millisecond), push.err, push.acknowledged())
			repo.commit(t, fmt.Sprint("after-", i))
			repo.deploy(t, s)
			crowd.unharmed(t, f.name)
		})
	}
	h.sound(t, time.Minute, "the last push")
	crowd.leave(t)
}

// crashPostgres ends Postgres as `pg_ctl stop -m immediate` does. Its supervisor
// starts it again.
func (h *home) crashPostgres(t *testing.T) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(h.dir, "pg", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
}

// cutConnections ends every session but its own.
func (h *home) cutConnections(t *testing.T) {
	t.Helper()
	if _, err := rows[struct{ Cut bool }](h, `SELECT pg_terminate_backend(pid) AS cut FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`); err != nil {
		t.Fatal(err)
	}
}

// holdConnections cuts everybody off and takes every connection that there is.
func (h *home) holdConnections(t *testing.T) (release func()) {
	t.Helper()
	ctx := context.Background()
	var held []*pgx.Conn
	for cut := false; ; {
		conn, err := h.sql(ctx)
		if err == nil {
			held = append(held, conn)
			continue
		}
		if !strings.Contains(err.Error(), "too many clients") {
			t.Fatal(err)
		}
		if cut {
			break
		}
		// Now that there is none left the server cannot come back.
		own := make([]uint32, len(held))
		for i, conn := range held {
			own[i] = conn.PgConn().PID()
		}
		if _, err := held[0].Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> ALL ($1)`, own); err != nil {
			t.Fatal(err)
		}
		cut = true
	}
	return func() {
		for _, conn := range held {
			_ = conn.Close(ctx)
		}
	}
}
