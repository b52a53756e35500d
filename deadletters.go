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

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/liveroom-io/liveroom-operator/webhook/deadletter"
)

const (
	defaultAdminAddress = "127.0.0.1:8083"
	// adminTimeout bounds one call of the webhook's administration.
	adminTimeout = 30 * time.Second
	// maxAdminBytes of an answer: a page of the longest letters.
	maxAdminBytes = 32 << 20
	// shownText and shownCustomer are how much of a text and of an OpenID the table has.
	shownText     = 40
	shownCustomer = 10
)

// deadLetters is the client of the webhook's administration.
type deadLetters struct {
	address  string
	account  string
	customer string
	output   string
	all      bool

	now func() time.Time
}

func deadLettersCommand() *cobra.Command {
	d := &deadLetters{now: time.Now}
	command := &cobra.Command{
		Use:   "deadletters",
		Short: "List, replay or drop messages of customer service that were given up",
		Long: `List, replay or drop messages of customer service that were given up.

The webhook's pod keeps them, and answers on its loopback only:

  kubectl exec liveroom-operator-webhook-0 -- /liveroom-operator deadletters list

or, from elsewhere, after kubectl port-forward liveroom-operator-webhook-0 8083, with the same command.`,
	}
	command.PersistentFlags().StringVar(&d.address, "address", "http://"+defaultAdminAddress, "where the webhook's administration is, see its --admin-bind-address")
	command.PersistentFlags().StringVar(&d.account, "account", "", "only those of this WeChatOfficialAccount, as namespace/name, or as UID when it is gone")
	command.PersistentFlags().StringVar(&d.customer, "customer", "", "only those of this customer's OpenID")
	list := &cobra.Command{
		Use: "list", Short: "List dead letters, the oldest first", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return d.list(c.Context(), c.OutOrStdout()) },
	}
	list.Flags().StringVarP(&d.output, "output", "o", "table", "table, or json with all that is known")
	command.AddCommand(list,
		d.each("replay", "replayed", "Try messages again, as new ones", http.MethodPost, "/replay"),
		d.each("drop", "dropped", "Forget messages for good", http.MethodDelete, ""))
	return command
}

// each is a command that does something with letters.
func (d *deadLetters) each(name, done, short, method, suffix string) *cobra.Command {
	command := &cobra.Command{
		Use: name + " SEQUENCE... | --all", Short: short,
		RunE: func(c *cobra.Command, args []string) error {
			sequences, err := d.named(c.Context(), args)
			if err != nil {
				return err
			}
			return d.do(c.Context(), c.OutOrStdout(), sequences, done, method, suffix)
		},
	}
	command.Flags().BoolVar(&d.all, "all", false, "all of them, or all that --account and --customer select")
	return command
}

// named are the sequences that arguments and flags name.
func (d *deadLetters) named(ctx context.Context, args []string) ([]uint64, error) {
	switch {
	case d.all && len(args) > 0:
		return nil, errors.New("name sequences, or --all, not both")
	case d.all:
		letters, err := d.letters(ctx)
		sequences := make([]uint64, len(letters))
		for i := range letters {
			sequences[i] = letters[i].Sequence
		}
		return sequences, err
	case len(args) == 0:
		return nil, errors.New("name the sequences of the letters as list shows them, or --all")
	case d.account != "" || d.customer != "":
		return nil, errors.New("--account and --customer select with --all only")
	}
	sequences := make([]uint64, len(args))
	for i, arg := range args {
		var err error
		if sequences[i], err = strconv.ParseUint(arg, 10, 64); err != nil || sequences[i] == 0 {
			return nil, fmt.Errorf("%q is no sequence of a letter: list shows them in its first column", arg)
		}
	}
	return sequences, nil
}

// do something with letters, one after the other in their order, and stop at the
// first that fails: a replay keeps the order of a conversation that way.
func (d *deadLetters) do(ctx context.Context, out io.Writer, sequences []uint64, done, method, suffix string) error {
	for i, sequence := range sequences {
		if err := d.call(ctx, method, fmt.Sprintf("/%d%s", sequence, suffix), nil); err != nil {
			return fmt.Errorf("letter %d, after %d of %d were %s: %w", sequence, i, len(sequences), done, err)
		}
	}
	_, err := fmt.Fprintf(out, "%d %s\n", len(sequences), done)
	return err
}

// letters reads the whole list.
func (d *deadLetters) letters(ctx context.Context) (all []deadletter.Letter, err error) {
	query := url.Values{"limit": {strconv.Itoa(deadletter.MaxPage)}}
	if d.account != "" {
		query.Set("account", d.account)
	}
	if d.customer != "" {
		query.Set("customer", d.customer)
	}
	for {
		var page deadletter.Page
		if err := d.call(ctx, http.MethodGet, "?"+query.Encode(), &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == 0 {
			return all, nil
		}
		query.Set("from", strconv.FormatUint(page.Next, 10))
	}
}

func (d *deadLetters) list(ctx context.Context, out io.Writer) error {
	if d.output != "table" && d.output != "json" {
		return fmt.Errorf("--output is %q: it must be table or json", d.output)
	}
	letters, err := d.letters(ctx)
	if err != nil {
		return err
	}
	if d.output == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(deadletter.Page{Items: append([]deadletter.Letter{}, letters...)})
	}
	if len(letters) == 0 {
		_, err := fmt.Fprintln(out, "No dead letters.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "SEQUENCE\tAGE\tACCOUNT\tDIRECTION\tCUSTOMER\tCAUSE\tCODE\tWHAT") // Flush says what went wrong
	for i := range letters {
		letter := &letters[i]
		code := ""
		if letter.Code != 0 {
			code = strconv.Itoa(letter.Code)
		}
		_, _ = fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", letter.Sequence, duration.HumanDuration(d.now().Sub(letter.Time)), letter.Account,
			letter.Direction, shorten(letter.Customer, shownCustomer), letter.Cause, code, strings.TrimSpace(letter.Kind+" "+shorten(letter.Text, shownText)))
	}
	return table.Flush()
}

// shorten a text for a table: one line of so many characters.
func shorten(text string, most int) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}

// call the administration. Its errors say what to do.
func (d *deadLetters) call(ctx context.Context, method, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(d.address, "/")+deadletter.Path+path, nil)
	if err != nil {
		return fmt.Errorf("--address: %w", err)
	}
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		return fmt.Errorf("reaching the webhook: %w; run this in its pod (kubectl exec) or forward its port", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAdminBytes))
	if err != nil {
		return fmt.Errorf("reading the answer of the webhook: %w", err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		var failure deadletter.Failure
		if json.Unmarshal(body, &failure) != nil || failure.Message == "" {
			return fmt.Errorf("the webhook answered %s: is --address its administration?", response.Status)
		}
		return errors.New(failure.Message)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("the webhook's answer is not understood: is it of the same version? %w", err)
	}
	return nil
}
