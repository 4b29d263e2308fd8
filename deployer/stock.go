package deployer

import (
	"context"
	"time"
)

// Stock is what an engine keeps on its disk for one installation.
type Stock struct {
	Images  []StoredImage
	Volumes []StoredVolume
}

// StoredImage is an image that was built for the installation.
type StoredImage struct {
	ID         string
	References []string // its names, name:tag; none when another image took them over
	App        string   // the app's ID, "" when it does not say
	Bytes      int64    // what would be freed: layers that no other image has
	Shared     int64    // bytes of the layers that it shares with others
	CreatedAt  time.Time
	InUse      bool // by a container, running or not
}

// StoredVolume is a volume of an app.
type StoredVolume struct {
	App   string // the app's ID
	Name  string // within the app
	Bytes int64
	InUse bool
}

// Stocked is a Cluster that can say what its engine keeps. Its methods are safe
// for concurrent use.
type Stocked interface {
	// Stock lists what the engine keeps for the installation, and nothing else.
	// The engine adds up sizes for it, which takes seconds where there is much.
	Stock(ctx context.Context) (Stock, error)

	// RemoveUnnamed removes an image that has no name left, by its ID. One that
	// is not there is no error; one that is in use, or has a name by now, stays,
	// which is none either.
	RemoveUnnamed(ctx context.Context, id string) error
}
