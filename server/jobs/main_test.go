package jobs_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// Most of these tests wait: for leases to run out, for builds that hold. More of
// them can run at once than there are processors.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "12"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
