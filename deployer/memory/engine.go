// Package memory runs workloads as goroutines of this process. It keeps every
// promise of deployer.Cluster without an engine, so that what is built on it
// can be tested quickly: instances listen on loopback addresses of their own,
// write logs, exit, are killed and restarted.
package memory

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/slipway-paas/slipway/deployer"
)

// Engine holds the instances. Several Clusters may share one. It is safe for
// concurrent use.
type Engine struct {
	mu        sync.Mutex
	images    map[string]Program
	instances map[string]*instance
	apps      map[string]map[string]*instance // by app, then by ID
	watchers  map[*watcher]bool
	away      bool
	room      int                        // most instances there may be, 0 for any number
	volumes   map[string]map[string]bool // names by installation and app
	nodes     []deployer.Node            // empty for the one machine that this process is
	load      map[string]taken           // by the node's name
	made      int
	subnet    [2]byte // of 127.0.0.0/8
}

// NewEngine makes an engine without images.
func NewEngine() *Engine {
	return &Engine{
		images:    map[string]Program{},
		instances: map[string]*instance{},
		apps:      map[string]map[string]*instance{},
		watchers:  map[*watcher]bool{},
		volumes:   map[string]map[string]bool{},
		load:      map[string]taken{},
		// Engines in other processes listen on the same ports; a random
		// network each keeps them apart.
		subnet: [2]byte{byte(64 + rand.IntN(128)), byte(rand.IntN(256))},
	}
}

// AddImage gives the engine an image.
func (e *Engine) AddImage(ref string, program Program) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.images[ref] = program
}

// RemoveImage takes an image away; what runs from it goes on running.
func (e *Engine) RemoveImage(ref string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.images, ref)
}

// StopByHand kills an instance as somebody might with the engine's own tools: it
// is not started again by the engine.
func (e *Engine) StopByHand(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := e.instances[id]; i != nil {
		i.stopping = true
		i.killLocked(i.life, false)
	}
}

// Restart stops all instances, as an engine does that stops, and starts those
// again that were healthy once.
func (e *Engine) Restart() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, i := range e.instances {
		i.interrupted = true
		i.killLocked(i.life, false)
	}
	for w := range e.watchers {
		w.breakOff()
	}
}

// RemoveByHand kills and removes an instance as somebody might with the engine's
// own tools.
func (e *Engine) RemoveByHand(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := e.instances[id]; i != nil {
		i.stopping = true
		i.killLocked(i.life, false)
		e.drop(i)
	}
}

// put and drop keep the lists of instances. The lock is held.
func (e *Engine) put(i *instance) {
	app := i.info.Workload.App
	if e.apps[app] == nil {
		e.apps[app] = map[string]*instance{}
	}
	e.instances[i.info.ID], e.apps[app][i.info.ID] = i, i
	e.count(i, 1)
}

func (e *Engine) drop(i *instance) {
	if i.removed {
		return
	}
	i.removed = true
	i.log.close()
	app := i.info.Workload.App
	delete(e.instances, i.info.ID)
	e.count(i, -1)
	if delete(e.apps[app], i.info.ID); len(e.apps[app]) == 0 {
		delete(e.apps, app)
	}
	e.emit(deployer.EventRemoved, i.info)
}

// SetAway makes every call fail as if the engine could not be reached, or
// lets it answer again. Instances go on running.
func (e *Engine) SetAway(away bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.away = away
	for w := range e.watchers {
		w.breakOff()
	}
}

// SetRoom makes the engine refuse to make more than so many instances, as if the
// machine had not the memory for them. With 0 it makes any number.
func (e *Engine) SetRoom(instances int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.room = instances
}

// host gives the next instance an address of its own.
func (e *Engine) host() string {
	e.made++
	return fmt.Sprintf("127.%d.%d.%d", e.subnet[0], (int(e.subnet[1])+e.made/250)%256, 1+e.made%250)
}

// memoryLimit is what an instance may use when its workload says nothing.
const memoryLimit = 512 << 20

// emit tells the watchers. e.mu is held.
func (e *Engine) emit(t deployer.EventType, in deployer.Instance) {
	if t == deployer.EventRemoved {
		in.State, in.Address = deployer.StateExited, ""
	}
	for w := range e.watchers {
		w.add(deployer.Event{Type: t, Instance: in, At: time.Now()})
	}
}

// maxUnread is how many events a watcher may fall behind before it is told to
// list again instead.
const maxUnread = 1000

// watcher is one Watch. Its members are guarded by Engine.mu.
type watcher struct {
	unread []deployer.Event
	wake   chan struct{} // holds one token when there is something unread
	broken bool          // the connection was lost: a resync is due
}

func (w *watcher) add(e deployer.Event) {
	if len(w.unread) >= maxUnread {
		w.breakOff()
	}
	w.unread = append(w.unread, e)
	w.signal()
}

func (w *watcher) breakOff() {
	w.unread, w.broken = nil, true
	w.signal()
}

func (w *watcher) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// take gives what is unread, nothing while the engine is away.
func (e *Engine) take(w *watcher) []deployer.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.away {
		return nil
	}
	var events []deployer.Event
	if w.broken {
		events = append(events, deployer.Event{Type: deployer.EventResync, At: time.Now()})
	}
	events = append(events, w.unread...)
	w.unread, w.broken = nil, false
	return events
}
