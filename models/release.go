package models

import "time"

// Release is immutable: an image, a snapshot of the config, the processes it
// runs and the way it is served. Rolling back makes an earlier one live again.
type Release struct {
	ID           string `gorm:"primaryKey"`
	AppID        string
	Version      int // 1, 2, … per app; shown as v1
	DeploymentID string
	ClusterID    string // where it runs
	BuildID      *string
	Image        string    // reference the engine runs
	Digest       string    // sha256:… of the image
	ImageSize    int64     // bytes; 0 when the builder did not say
	Config       []byte    // encrypted JSON object of the config vars
	ConfigNames  []string  `gorm:"serializer:json"`
	Processes    []Process `gorm:"serializer:json"`
	MemoryMB     int       // limit per instance in MiB; 0 for the installation's default
	CPUMilli     int       // limit per instance in thousandths of a core; 0 for the default

	Placement       map[string]string `gorm:"serializer:json"` // labels that a node must have; nil for any node
	ReserveMemoryMB int               // what a node must have free for each instance, in MiB; 0 for nothing
	ReserveCPUMilli int               // the same in thousandths of a core

	Description string // "push 1a2b3c4 Fix login", "config: set DATABASE_URL"
	Commit      string
	CreatedBy   string
	CreatedAt   time.Time
}

// Process is one kind of instance that a release runs.
type Process struct {
	Name       string   `json:"name"`
	Command    []string `json:"command,omitempty"` // argument vector; nil for the image's own
	Port       int      `json:"port,omitempty"`    // 0: takes no requests
	HealthPath string   `json:"health_path,omitempty"`
}

// BuildState is where a build stands.
type BuildState string

// The states of a build.
const (
	BuildPending   BuildState = "pending"
	BuildRunning   BuildState = "running"
	BuildSucceeded BuildState = "succeeded"
	BuildFailed    BuildState = "failed"
	BuildCancelled BuildState = "cancelled"
)

// Build turns one source into one image.
type Build struct {
	ID           string `gorm:"primaryKey"`
	AppID        string
	DeploymentID string
	SourceID     string // the stored source snapshot
	Builder      string // chosen builder, "" until detected
	State        BuildState
	Image        string
	Published    string // what the registry knows the image by, "" when no cluster took it from there
	Digest       string
	ImageSize    int64     // bytes; 0 when the builder did not say
	Processes    []Process `gorm:"serializer:json"`
	Error        string
	CreatedAt    time.Time
	StartedAt    *time.Time
	FinishedAt   *time.Time
}
