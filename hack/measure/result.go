/*
Copyright 2026 The LiveRoom Operator Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

// Package measure prints figures against their bars, and looks at processes.
package measure

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Result is one figure. A figure without a bar is there to be read.
type Result struct {
	name  string
	value string
	bar   string
	ok    bool
}

// Results are figures in the order in which they were measured.
type Results []Result

// AtMost adds a figure that must not exceed a bar.
func (r *Results) AtMost(name string, value, bar float64, unit string) {
	*r = append(*r, Result{name, Format(value, unit), "<= " + Format(bar, unit), value <= bar})
}

// AtLeast adds a figure that must reach a bar.
func (r *Results) AtLeast(name string, value, bar float64, unit string) {
	*r = append(*r, Result{name, Format(value, unit), ">= " + Format(bar, unit), value >= bar})
}

// Exactly adds a figure that must be a number.
func (r *Results) Exactly(name string, value, bar int) {
	*r = append(*r, Result{name, fmt.Sprint(value), fmt.Sprint(bar), value == bar})
}

// Note adds a figure without a bar.
func (r *Results) Note(name, value string) {
	*r = append(*r, Result{name: name, value: value, ok: true})
}

// Format writes a figure with four digits.
func Format(value float64, unit string) string {
	return fmt.Sprintf("%.4g%s", value, unit)
}

// Print writes the table and returns how many bars were missed.
func (r Results) Print(out io.Writer) (missed int) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FIGURE\tVALUE\tBAR\tOK")
	for _, one := range r {
		verdict := "yes"
		switch {
		case one.bar == "":
			verdict = ""
		case !one.ok:
			verdict = "NO"
			missed++
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", one.name, one.value, one.bar, verdict)
	}
	if err := table.Flush(); err != nil {
		fmt.Fprintln(out, "printing the table:", err)
	}
	return missed
}
