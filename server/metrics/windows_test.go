package metrics

import (
	"testing"
	"time"
)

func TestWindows(t *testing.T) {
	const app = "01app"
	s := openShelf(t, t.TempDir(), noon.Add(time.Minute))
	for i, n := range []int64{100, 0, 50} {
		s.add("edge", window(noon.Add(time.Duration(i+1)*WindowLength), app, n))
	}
	s.add("other", window(noon.Add(WindowLength), app, 100)) // of the first window, by another router
	got, err := s.Windows(app, noon, noon.Add(time.Minute))
	if err != nil || len(got) != 3 {
		t.Fatal(got, err)
	}
	if got[0].Requests != 200 || got[0].Errors != 2 || !got[0].Start.Equal(noon) || got[1].Requests != 0 || got[2].Requests != 50 {
		t.Errorf("%+v", got)
	}
	if p95 := got[0].P95(); p95 < 5*time.Millisecond || p95 > 20*time.Millisecond {
		t.Errorf("95 of 100 within %v", p95)
	}
	sum := Sum(got)
	if sum.Requests != 250 || sum.Errors != 3 || sum.ErrorRate() != 3.0/250 || !sum.Start.Equal(noon) {
		t.Errorf("%+v", sum)
	}
	if none := Sum(nil); none.ErrorRate() != 0 || none.P95() != 0 {
		t.Errorf("%+v", none)
	}
	// Only those that lie between the times as a whole.
	got, err = s.Windows(app, noon.Add(time.Second), noon.Add(3*WindowLength-time.Second))
	if err != nil || len(got) != 1 || got[0].Requests != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = s.Windows(app, noon.Add(time.Second), noon.Add(2*time.Second)); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err = s.Windows("../x", noon, noon.Add(time.Minute)); err == nil {
		t.Error("what is no app's ID was taken")
	}
}
