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

package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

const (
	// childEnv holds the directory that a child process writes to until it is killed.
	childEnv = "JOURNAL_TEST_CHILD"
	// firstEnv holds the number that each of the child's writers begins with.
	firstEnv = "JOURNAL_TEST_FIRST"
	// roundsEnv replaces the number of rounds.
	roundsEnv = "JOURNAL_TEST_KILLS"

	killRounds  = 4
	killWriters = 16
	// killOverlap is how many parcels of the round before a writer sends again, as a
	// provider does that got no answer.
	killOverlap = 5
)

func killParcel(writer, number int) parcel {
	part := strconv.Itoa(number / 32) // keeps the states small
	return parcel{Room: "room-" + strconv.Itoa(writer) + "-" + part, User: "user-" + strconv.Itoa(writer%3) + "-" + part, Number: number}
}

// killLog is the log that a writer writes to: the writers take turns.
func killLog(writer int, logs []*Journal) *Journal { return logs[writer%len(logs)] }

// openKillLogs opens a log, and another one on the same server.
func openKillLogs(ctx context.Context, dir string) ([]*Journal, error) {
	j, err := Open(ctx, killOptions(dir))
	if err != nil {
		return nil, err
	}
	relay, err := j.Join(ctx, JoinOptions{Name: "RELAY"})
	return []*Journal{j, relay}, err
}

// appendUntilKilled is the child: it appends and folds as fast as it can, and
// tells the parent what the logs have confirmed.
func appendUntilKilled(dir string) error {
	ctx := context.Background()
	var first []int
	for _, s := range strings.Split(os.Getenv(firstEnv), ",") {
		n, err := strconv.Atoi(s)
		if err != nil {
			return err
		}
		first = append(first, n)
	}
	logs, err := openKillLogs(ctx, dir)
	if err != nil {
		return err
	}
	failed := make(chan error, killWriters+len(logs))
	for _, j := range logs {
		owner, err := NewOwner(j, "child", newTallying("room"), OwnerOptions{FlushInterval: 10 * time.Millisecond})
		if err != nil {
			return err
		}
		go func() { failed <- owner.Run(ctx) }()
	}
	var out sync.Mutex
	for writer := range killWriters {
		go func() {
			for n := first[writer]; ; n++ {
				if _, err := killLog(writer, logs).Append(ctx, killParcel(writer, n).entry()); err != nil {
					failed <- err
					return
				}
				out.Lock()
				_, err := fmt.Fprintf(os.Stdout, "%d %d\n", writer, n)
				out.Unlock()
				if err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

func killOptions(dir string) Options {
	return Options{Embedded: &Embedded{Dir: dir}, Events: EventLimits{MaxBytes: 1 << 30}, StateMaxBytes: 1 << 30}
}

// TestKilled kills a process that writes to two logs under load, several times, and
// then counts: what a log has confirmed is in its states once, and nothing is there
// twice.
func TestKilled(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	rounds := killRounds
	if s := os.Getenv(roundsEnv); s != "" {
		n, err := strconv.Atoi(s)
		g.Expect(err).NotTo(HaveOccurred())
		rounds = n
	}
	dir := filepath.Join(t.TempDir(), "journal")
	var confirmed [killWriters]int // each writer's parcels are confirmed in order
	for round := range rounds {
		// A different amount of work each time, so that different things are cut short.
		killRound(t, dir, &confirmed, 2000+round*730)
	}

	logs, err := openKillLogs(t.Context(), dir)
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { closeJournal(t, logs[0]) })
	var found killed
	for _, j := range logs {
		o := runOwner(t, j, "parent", newTallying(), OwnerOptions{})
		info, err := j.events.Info(t.Context())
		g.Expect(err).NotTo(HaveOccurred())
		flushedTo(t, o, info.State.LastSeq)
		for _, kind := range []string{"room", "user"} {
			found.count(t, storedTallies(t, j, kind), func(writer int) int {
				if killLog(writer, logs) != j {
					return 0
				}
				return confirmed[writer]
			})
		}
		g.Expect(o.stop()).To(Succeed())
	}
	total := 0
	for _, n := range confirmed {
		total += n
	}
	t.Logf("%d rounds, %d entries confirmed, %d folds of entries that were not confirmed", rounds, total, found.unconfirmed)
	g.Expect([]int{found.lost, found.twice}).To(Equal([]int{0, 0}), "lost and counted twice")
	g.Expect(found.unconfirmed).To(BeNumerically("<=", rounds*killWriters*2), "of each writer, one at a time is under way")
	g.Expect(total).To(BeNumerically(">=", rounds*2000))
}

// killed is what became of entries.
type killed struct{ lost, twice, unconfirmed int }

// count compares tallies with how many parcels of each writer were confirmed.
func (k *killed) count(t *testing.T, tallies map[string]*tally, confirmed func(writer int) int) {
	t.Helper()
	times := map[string]int{}
	for name, tally := range tallies {
		NewWithT(t).Expect(tally.Disorder).To(BeZero(), "order in %s", name)
		for id, n := range tally.Times {
			times[id] += n
		}
	}
	for writer := range killWriters {
		for n := 1; n <= confirmed(writer); n++ {
			p := killParcel(writer, n)
			id := fmt.Sprintf("%s/%s/%d", p.Room, p.User, n)
			if times[id] == 0 {
				k.lost++
			}
			if times[id] > 1 {
				k.twice++
			}
			delete(times, id)
		}
	}
	for _, n := range times {
		k.unconfirmed++
		if n > 1 {
			k.twice++
		}
	}
}

// killRound runs a child until it has confirmed so many entries.
func killRound(t *testing.T, dir string, confirmed *[killWriters]int, entries int) {
	t.Helper()
	g := NewWithT(t)
	var first []string
	for _, n := range confirmed {
		first = append(first, strconv.Itoa(max(1, n+1-killOverlap)))
	}
	child := exec.Command(os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), childEnv+"="+dir, firstEnv+"="+strings.Join(first, ","))
	var complaints strings.Builder
	child.Stderr = &complaints
	out, err := child.StdoutPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(child.Start()).To(Succeed())
	killed := false
	lines := bufio.NewReader(out)
	for n := 0; ; n++ {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break // with the last, unfinished line
		}
		g.Expect(err).NotTo(HaveOccurred())
		var writer, number int
		_, err = fmt.Sscanf(line, "%d %d\n", &writer, &number)
		g.Expect(err).NotTo(HaveOccurred(), "line %q", line)
		confirmed[writer] = max(confirmed[writer], number)
		if n == entries {
			killed = true
			g.Expect(child.Process.Kill()).To(Succeed())
		}
	}
	_ = child.Wait()
	g.Expect(killed).To(BeTrue(), "the child ended by itself: %s", complaints.String())
}
