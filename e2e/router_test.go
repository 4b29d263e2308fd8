package e2e

import (
	"os/exec"
	"testing"

	"github.com/docker/docker/api/types/container"
)

// A router that somebody removed comes back by itself. A deployment in the
// meantime waits for it instead of saying that an app is live which nobody can
// reach.
func TestRemovedRouterComesBack(t *testing.T) {
	in := install(t)
	repo := newRepository(t, testApp(t, "ENV VERSION=1"))
	repo.deploy(in, "lock")
	in.shows(t, "lock", "/", "version 1 release v1")

	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.ContainerRemove(t.Context(), in.name+"-router", container.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	repo.commit("While it is away", files{"Dockerfile": dockerfile("ENV VERSION=2")})
	repo.deploy(in, "lock")
	in.shows(t, "lock", "/", "version 2 release v2")
}

// Data that are brought back from elsewhere to the same path are other folders
// to the engine: the router must not go on with those of before.
func TestRouterFollowsItsFolder(t *testing.T) {
	in := install(t)
	repo := newRepository(t, testApp(t, "ENV VERSION=1"))
	repo.deploy(in, "restored")
	if err := in.stop(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"cp", "-a", "--", in.data, in.data + ".copy"},
		{"rm", "-rf", "--", in.data},
		{"mv", "--", in.data + ".copy", in.data},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	in.start(t)
	repo.commit("After", files{"Dockerfile": dockerfile("ENV VERSION=2")})
	repo.deploy(in, "restored")
	in.shows(t, "restored", "/", "version 2 release v2")
}
