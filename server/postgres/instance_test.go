package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/slipway-paas/slipway/models"
	"github.com/slipway-paas/slipway/server/postgres"
)

func start(t *testing.T, dir string) *postgres.Instance {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	i, err := postgres.Start(ctx, options(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return i
}

func options(dir string) postgres.Options {
	return postgres.Options{DataDir: dir, Logger: slog.New(slog.DiscardHandler)}
}

// query runs one statement over a connection of its own.
func query(t *testing.T, dsn, statement string) (answer string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, _ := conn.Query(ctx, statement)
	answers, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return strings.Join(answers, ","), err
}

func mustQuery(t *testing.T, dsn, statement string) string {
	t.Helper()
	answer, err := query(t, dsn, statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return answer
}

func postmaster(t *testing.T, dir string) int {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// workingIn lists every process that stands in dir.
func workingIn(t *testing.T, dir string) (pids []string) {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if cwd, err := os.Readlink(link); err == nil && cwd == dir {
			pids = append(pids, link)
		}
	}
	return pids
}

func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited too long until %s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond) // between two looks
	}
}

func TestRecoversWhenKilledAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	i := start(t, dir)
	mustQuery(t, i.URL(), "CREATE TABLE kept AS SELECT 'still here' AS text")
	first := postmaster(t, dir)
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it answers again", func() error {
		answer, err := query(t, i.URL(), "SELECT text FROM kept")
		if err == nil && answer != "still here" {
			err = fmt.Errorf("got %q", answer)
		}
		return err
	})
	second := postmaster(t, dir)
	if second == first {
		t.Error("the same process answers")
	}
	if err := i.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-i.Done()
	if err := i.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if alive(second) {
		t.Error("postgres runs after Stop")
	}
	if left := workingIn(t, filepath.Join(dir, "data")); len(left) > 0 {
		t.Errorf("left running: %v", left)
	}
	if err := i.Stop(t.Context()); err != nil {
		t.Errorf("the second Stop: %v", err)
	}
	if answer := mustQuery(t, start(t, dir).URL(), "SELECT text FROM kept"); answer != "still here" {
		t.Errorf("after another start: %q", answer)
	}
}

func TestListensOnNoPortAndOnAPrivateSocket(t *testing.T) {
	dir := t.TempDir()
	i := start(t, dir)
	for setting, want := range map[string]string{
		"listen_addresses": "", "fsync": "on", "shared_buffers": "32MB", "max_connections": "60", "data_checksums": "on",
	} {
		if got := mustQuery(t, i.URL(), "SHOW "+setting); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	u, err := url.Parse(i.URL())
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(u.Query().Get("host"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the socket's folder has mode %v, want 0700", info.Mode().Perm())
	}
	if got := mustQuery(t, i.URL(), "SELECT auth_method FROM pg_hba_file_rules"); got != "peer" {
		t.Errorf("lets in by %q, want peer alone", got)
	}
}

func TestLongPaths(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 25))
	i := start(t, dir)
	mustQuery(t, i.URL(), "SELECT 'connected'")
	if err := i.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(i.URL())
	if _, err := os.Stat(u.Query().Get("host")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket's folder is left: %v", err)
	}
}

func TestOneServerPerFolder(t *testing.T) {
	dir := t.TempDir()
	i := start(t, dir)
	_, err := postgres.Start(t.Context(), options(dir))
	if models.KindOf(err) != models.KindConflict || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want a conflict that names the folder", err)
	}
	mustQuery(t, i.URL(), "SELECT 'not disturbed'")
}

func TestAnotherVersionIsRefused(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(data, "PG_VERSION"), "11\n")
	_, err := postgres.Start(t.Context(), options(dir))
	if err == nil || !strings.Contains(err.Error(), "PostgreSQL 11") || !strings.Contains(err.Error(), "postgresql-11") {
		t.Errorf("got %v, want both versions and the package named", err)
	}
	write(t, filepath.Join(data, "PG_VERSION"), "what?")
	if _, err := postgres.Start(t.Context(), options(dir)); models.KindOf(err) != models.KindConflict {
		t.Errorf("got %v, want a conflict", err)
	}
	if err := os.Remove(filepath.Join(data, "PG_VERSION")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(data, "thesis.txt"), "words")
	if _, err := postgres.Start(t.Context(), options(dir)); models.KindOf(err) != models.KindConflict {
		t.Errorf("got %v, want a conflict over somebody's files", err)
	}
	if raw, err := os.ReadFile(filepath.Join(data, "thesis.txt")); err != nil || string(raw) != "words" {
		t.Errorf("somebody's file was touched: %q, %v", raw, err)
	}
}

func TestMissingBinaries(t *testing.T) {
	opts := options(t.TempDir())
	opts.BinDir = t.TempDir()
	_, err := postgres.Start(t.Context(), opts)
	if models.KindOf(err) != models.KindInvalid || !strings.Contains(err.Error(), opts.BinDir) {
		t.Errorf("got %v, want an error that names the folder", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestServerKilled runs this test binary as a server, kills it, and starts
// another over the same folder.
func TestServerKilled(t *testing.T) {
	if dir := os.Getenv("POSTGRES_TEST_DIR"); dir != "" {
		start(t, dir)
		fmt.Println("ready")
		select {} // until killed
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestServerKilled$")
	cmd.Env = append(os.Environ(), "POSTGRES_TEST_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := readLine(out); err != nil || line != "ready" {
		t.Fatalf("the server said %q, %v", line, err)
	}
	orphan := postmaster(t, dir)
	// Stopped, so that it cannot follow its server: the next one has to cope.
	if err := syscall.Kill(orphan, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	if !alive(orphan) {
		t.Fatal("the orphan ended though it is stopped")
	}
	time.AfterFunc(300*time.Millisecond, func() { _ = syscall.Kill(orphan, syscall.SIGCONT) })
	i := start(t, dir)
	mustQuery(t, i.URL(), "SELECT 'back'")
	if postmaster(t, dir) == orphan {
		t.Error("the orphan is still in charge")
	}
}

func TestPostgresFollowsAKilledServer(t *testing.T) {
	if dir := os.Getenv("POSTGRES_TEST_DIR"); dir != "" {
		start(t, dir)
		fmt.Println("ready")
		select {} // until killed
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestPostgresFollowsAKilledServer$")
	cmd.Env = append(os.Environ(), "POSTGRES_TEST_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := readLine(out); err != nil || line != "ready" {
		t.Fatalf("the server said %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	eventually(t, "postgres has ended", func() error {
		if left := workingIn(t, filepath.Join(dir, "data")); len(left) > 0 {
			return fmt.Errorf("%v run", left)
		}
		return nil
	})
}

// TestStalePidFile covers a file that names a living program of another kind,
// as after a reboot or in a container.
func TestStalePidFile(t *testing.T) {
	dir := t.TempDir()
	i := start(t, dir)
	if err := i.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	info, err := os.Stat(data)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	bystander := exec.Command("sleep", "1000")
	if os.Geteuid() == 0 { // only a program of its own user can pass for postgres
		bystander.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bystander.Process.Kill(); _ = bystander.Wait() }()
	write(t, filepath.Join(data, "postmaster.pid"), fmt.Sprintf("%d\n%s\n", bystander.Process.Pid, data))
	mustQuery(t, start(t, dir).URL(), "SELECT 'up'")
	if !alive(bystander.Process.Pid) {
		t.Error("the other program was ended")
	}
}

func readLine(r interface{ Read([]byte) (int, error) }) (string, error) {
	var line []byte
	one := make([]byte, 1)
	for {
		if _, err := r.Read(one); err != nil {
			return string(line), err
		}
		if one[0] == '\n' {
			return string(line), nil
		}
		line = append(line, one[0])
	}
}
