package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// result is one figure as results.json has it.
type result struct {
	Ratio     float64            `json:"ratio,omitempty"` // ours to the reference, the median of all rounds
	Unit      string             `json:"unit"`            // of ours and reference
	Ours      float64            `json:"ours"`
	Reference float64            `json:"reference,omitempty"`
	Against   string             `json:"against,omitempty"` // what the reference is
	Goal      string             `json:"goal,omitempty"`
	Met       *bool              `json:"met,omitempty"`
	Others    map[string]float64 `json:"others,omitempty"` // what else was seen, in words
	Rounds    int                `json:"rounds,omitempty"`
	Measured  time.Time          `json:"measured"`
}

// results are all figures by name.
type results map[string]*result

// compared makes a result of the rounds of two sides.
func compared(unit string, ours, reference []float64, against string) *result {
	return &result{
		Ratio: ratio(ours, reference), Unit: unit, Ours: median(ours), Reference: median(reference),
		Against: against, Rounds: len(ours),
	}
}

// alone makes a result that is compared with nothing.
func alone(unit string, ours []float64) *result {
	return &result{Unit: unit, Ours: median(ours), Rounds: len(ours)}
}

// of names what a goal is about.
type of string

const (
	ofRatio of = "ratio"
	ofOurs  of = "ours"
)

func (r *result) value(what of) float64 {
	if what == ofRatio {
		return r.Ratio
	}
	return r.Ours
}

// atLeast sets a lower bound as the goal.
func (r *result) atLeast(what of, bound float64) *result {
	return r.goal(fmt.Sprintf("%s ≥ %s", what, readable(bound)), r.value(what) >= bound)
}

// atMost sets an upper bound as the goal.
func (r *result) atMost(what of, bound float64) *result {
	return r.goal(fmt.Sprintf("%s ≤ %s", what, readable(bound)), r.value(what) <= bound)
}

func (r *result) goal(goal string, met bool) *result {
	if r.Goal != "" {
		goal, met = r.Goal+", "+goal, *r.Met && met
	}
	r.Goal, r.Met = goal, &met
	return r
}

// other notes a figure that belongs to the result.
func (r *result) other(name string, figure float64) *result {
	if r.Others == nil {
		r.Others = map[string]float64{}
	}
	r.Others[name] = round(figure)
	return r
}

// record keeps a result and shows it.
func (b *bench) record(name string, r *result) {
	r.Ratio, r.Ours, r.Reference = round(r.Ratio), round(r.Ours), round(r.Reference)
	r.Measured = time.Now().UTC().Truncate(time.Second)
	b.results[name] = r
	fmt.Println("  " + strings.Join(r.row(name), "  "))
}

// write brings results.json and results.md up to date: what was not measured
// this time stays as it was.
func (r results) write(dir string) error {
	file := filepath.Join(dir, "results.json")
	all := results{}
	switch raw, err := os.ReadFile(file); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(raw, &all); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	for name, one := range r {
		all[name] = one
	}
	raw, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, append(raw, '\n'), 0o644); err != nil {
		return err
	}
	table := all.table()
	fmt.Print("\n", table)
	return os.WriteFile(filepath.Join(dir, "results.md"), []byte(table), 0o644)
}

// table shows all figures in the order in which they are measured.
func (r results) table() string {
	rows := [][]string{{"figure", "ratio", "ours", "reference", "unit", "against", "goal", "met"}}
	for _, m := range measurements {
		for _, name := range m.names {
			if one := r[name]; one != nil {
				rows = append(rows, one.row(name))
			}
		}
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	rule := make([]string, len(widths))
	for i, width := range widths {
		rule[i] = strings.Repeat("-", width)
	}
	var text strings.Builder
	for _, row := range slices.Insert(rows, 1, rule) {
		for i, cell := range row {
			fmt.Fprintf(&text, "| %s%s ", cell, strings.Repeat(" ", widths[i]-len([]rune(cell))))
		}
		text.WriteString("|\n")
	}
	fmt.Fprintf(&text, "\nOn %d cores of %s/%s.\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	for _, m := range measurements {
		for _, name := range m.names {
			if one := r[name]; one != nil && len(one.Others) > 0 {
				fmt.Fprintf(&text, "\n%s: %s\n", name, one.others())
			}
		}
	}
	return text.String()
}

func (r *result) row(name string) []string {
	met := ""
	if r.Met != nil {
		met = map[bool]string{true: "yes", false: "no"}[*r.Met]
	}
	return []string{name, orNothing(r.Ratio), readable(r.Ours), orNothing(r.Reference), r.Unit, r.Against, r.Goal, met}
}

func (r *result) others() string {
	var said []string
	for name, figure := range r.Others {
		said = append(said, name+" "+readable(figure))
	}
	slices.Sort(said)
	return strings.Join(said, "; ")
}

func orNothing(figure float64) string {
	if figure == 0 {
		return ""
	}
	return readable(figure)
}

// round keeps three digits that count, and all before the point.
func round(figure float64) float64 {
	if figure == 0 || math.IsNaN(figure) || math.IsInf(figure, 0) {
		return 0
	}
	digits := max(0, 2-int(math.Floor(math.Log10(math.Abs(figure)))))
	scale := math.Pow(10, float64(digits))
	return math.Round(figure*scale) / scale
}

func readable(figure float64) string {
	return strconv.FormatFloat(round(figure), 'f', -1, 64)
}
