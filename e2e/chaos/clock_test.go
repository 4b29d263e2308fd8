package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// clockSteps sets the clock of Postgres's machine, as the servers see it, forward
// and back in the middle of deployments, and kills the server now and then. The
// clocks of this machine cannot be stepped: they are everybody's, a time namespace
// has none for the time of day, and Go's programs ask the kernel past all
// libraries. So the functions that tell the time are shadowed by others in
// Postgres; to a server that is the same as a clock of its own that was stepped
// the other way.
func clockSteps(t *testing.T, dice *rand.Rand) {
	h := settle(t, options{})
	s := h.first()
	h.shadowClock(t)
	s.kill(t)
	s.env = append(s.env, "DATABASE_URL="+h.database+"&search_path=public,skew,pg_catalog")
	s.start(t)
	repo := h.clone(t, "timeless")
	repo.commit(t, "first")
	repo.deploy(t, s)
	crowd := h.crowd(t, repo.app)
	steps := []string{"1 hour", "-1 hour", "5 minutes", "-5 minutes", "20 seconds", "-20 seconds", "1 day", "0"}
	dice.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	if brief() {
		steps = steps[:1]
	}
	for i, step := range steps {
		dies := dice.IntN(2) == 0
		t.Run(fmt.Sprintf("a step to %s, death %v", step, dies), func(t *testing.T) {
			repo.commit(t, fmt.Sprint("step-", i), nap(time.Second), "ENV DELAY=1s")
			push := repo.push(t, s)
			reaches(t, h, push.commit, "building")
			time.Sleep(time.Duration(dice.IntN(2500)) * time.Millisecond) // any moment of the deployment
			h.step(t, step)
			began := time.Now()
			if dies {
				s.kill(t)
				s.start(t)
			}
			<-push.done
			h.sound(t, time.Minute, "a step to "+step)
			found, err := rows[deploymentRow](h, `SELECT `+deploymentColumns+` FROM deployments WHERE commit = $1`, push.commit)
			if err != nil || len(found) != 1 || found[0].State != "succeeded" {
				t.Errorf("%+v, %v", found, err)
			}
			t.Logf("all well %s after it", time.Since(began).Round(100*time.Millisecond))
			repo.commit(t, fmt.Sprint("after-", i))
			repo.deploy(t, s)
			crowd.unharmed(t, "a step to "+step)
		})
	}
	h.sound(t, time.Minute, "the last step")
	crowd.leave(t)
}

// shadowClock lets those whose search path has the schema skew before pg_catalog see another
// time.
func (h *home) shadowClock(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	conn, err := h.sql(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range []string{
		`CREATE SCHEMA skew`, `CREATE TABLE skew.step (by interval)`, `INSERT INTO skew.step VALUES ('0')`,
		`CREATE FUNCTION skew.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT pg_catalog.clock_timestamp() + (SELECT by FROM skew.step)'`,
		`CREATE FUNCTION skew.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT pg_catalog.now() + (SELECT by FROM skew.step)'`,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
}

func (h *home) step(t *testing.T, to string) {
	t.Helper()
	if _, err := rows[struct{}](h, `UPDATE skew.step SET by = $1::text::interval`, to); err != nil {
		t.Fatal(err)
	}
}
