package models

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestPlacement(t *testing.T) {
	for words, good := range map[string]bool{
		"": true, "disk=ssd": true, "disk=ssd zone=eu-1": true, "example.com/pool=a.b_c-d": true, "topology.kubernetes.io/zone=a": true,
		"disk": false, "=ssd": false, "disk=": false, "disk=ssd disk=hdd": false, "a b=c": false, "disk=s$d": false, "/x=y": false,
		"x/y/z=a": false, "disk=ssd=hdd": false, "-disk=ssd": false, strings.Repeat("a", 64) + "=b": false, "disk=" + strings.Repeat("b", 64): false,
	} {
		labels, err := ParsePlacement(strings.Fields(words))
		if (err == nil) != good {
			t.Errorf("%q: %v, %v", words, labels, err)
		}
		if err != nil && KindOf(err) != KindInvalid {
			t.Errorf("%q: it is of kind %s", words, KindOf(err))
		}
	}
	if err := CheckPlacement(map[string]string{"a": "1", "b": "1", "c": "1", "d": "1", "e": "1", "f": "1", "g": "1", "h": "1", "i": "1", "j": "1", "k": "1"}); err == nil {
		t.Error("any number of labels is taken")
	}
}

func TestReserve(t *testing.T) {
	for _, one := range []struct {
		memory, cpu, memoryLimit, cpuLimit int
		field                              string
	}{
		{0, 0, 0, 0, ""},
		{256, 100, 512, 1000, ""},
		{512, 1000, 512, 1000, ""},
		{513, 0, 512, 1000, "reserve_memory_mb"},
		{0, 1001, 512, 1000, "reserve_cpu_milli"},
		{9000, 9000, 0, 0, ""},
	} {
		err := CheckReserve(one.memory, one.cpu, one.memoryLimit, one.cpuLimit)
		if (err == nil) != (one.field == "") || err != nil && !strings.Contains(err.Error(), "cannot be reserved") {
			t.Errorf("%+v: %v", one, err)
		}
	}
}

func FuzzParsePlacement(f *testing.F) {
	f.Add("disk=ssd zone=eu-1")
	f.Add("example.com/pool=a")
	f.Add("= =a a= a=b=c")
	f.Add("disk=ssd\x00")
	f.Fuzz(func(t *testing.T, text string) {
		words := strings.Split(text, " ")
		labels, err := ParsePlacement(words)
		if err != nil {
			if KindOf(err) != KindInvalid {
				t.Fatalf("it is of kind %s: %v", KindOf(err), err)
			}
			return
		}
		var again []string
		for label, value := range labels {
			if strings.ContainsAny(label+value, " =\x00\n\"'$") {
				t.Fatalf("%q=%q was taken", label, value)
			}
			again = append(again, label+"="+value)
		}
		slices.Sort(again)
		same, err := ParsePlacement(again)
		if err != nil || !maps.Equal(same, labels) {
			t.Fatalf("%v is not read again: %v, %v", again, same, err)
		}
	})
}
