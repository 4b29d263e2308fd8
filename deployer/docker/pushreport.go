package docker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	imagedigest "github.com/opencontainers/go-digest"
)

// progressEvery is how often a layer that is on its way is told of.
const progressEvery = 2 * time.Second

// pushReport reads what an engine says during a push.
type pushReport struct {
	tell   func(line string)
	layers map[string]layerNews
}

func newPushReport(tell func(line string)) *pushReport {
	return &pushReport{tell: tell, layers: map[string]layerNews{}}
}

type layerNews struct {
	status string
	told   time.Time
}

// pushMessage is one of an engine's progress messages.
type pushMessage struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Error    string `json:"error"`
	Progress struct {
		Current int64 `json:"current"`
		Total   int64 `json:"total"`
	} `json:"progressDetail"`
	Aux struct {
		Digest string `json:"Digest"`
	} `json:"aux"`
}

// read goes through the messages to their end and gives the digest, or the
// error, that is among them.
func (p *pushReport) read(r io.Reader) (digest string, err error) {
	for messages := json.NewDecoder(r); ; {
		var m pushMessage
		switch err := messages.Decode(&m); {
		case errors.Is(err, io.EOF) && digest == "":
			return "", errors.New("the engine did not say by what digest the registry knows the image")
		case errors.Is(err, io.EOF):
			return digest, nil
		case err != nil:
			return "", err
		case m.Error != "":
			return "", errors.New(m.Error)
		case m.Aux.Digest != "":
			said, err := imagedigest.Parse(m.Aux.Digest)
			if err != nil {
				return "", fmt.Errorf("the engine knows the image by %q: %w", m.Aux.Digest, err)
			}
			digest = said.String()
		default:
			p.hear(m, time.Now())
		}
	}
}

// hear tells of a layer whose state is new, and of a long one now and then.
func (p *pushReport) hear(m pushMessage, now time.Time) {
	if p.tell == nil || m.ID == "" || m.Status == "" || m.Status == "Preparing" || m.Status == "Waiting" {
		return
	}
	last, known := p.layers[m.ID]
	if known && last.status == m.Status && (m.Progress.Total <= 0 || now.Sub(last.told) < progressEvery) {
		return
	}
	line := m.ID + ": " + m.Status
	if known && last.status == m.Status {
		line += fmt.Sprintf(" %.1f of %.1f MB", float64(min(m.Progress.Current, m.Progress.Total))/1e6, float64(m.Progress.Total)/1e6)
	}
	p.layers[m.ID] = layerNews{m.Status, now}
	p.tell(strings.Join(strings.Fields(line), " "))
}
