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
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// webhookTimeout is how long the webhook may take to be ready.
const webhookTimeout = time.Minute

// webhook is the operator's other process, which IM calls back. It keeps its
// journal and its address when it is started again.
type webhook struct {
	folder, program, kubeconfig string
	address, probe, admin       string
	process                     *process
}

func newWebhook(folder, program, kubeconfig string) (*webhook, error) {
	w := &webhook{folder: folder, program: program, kubeconfig: kubeconfig}
	for _, address := range []*string{&w.address, &w.probe, &w.admin} {
		found, err := freeAddress(anyAddress)
		if err != nil {
			return nil, err
		}
		*address = found
	}
	return w, nil
}

func (w *webhook) start(ctx context.Context) (err error) {
	w.process, err = start(ctx, w.folder, "webhook", w.program, "webhook", "--kubeconfig="+w.kubeconfig,
		"--webhook-bind-address="+w.address, "--health-probe-bind-address="+w.probe, "--metrics-bind-address=0", "--admin-bind-address="+w.admin,
		"--journal-dir="+filepath.Join(w.folder, "journal"), "--member=webhook", "--drain=0s",
		"--public-url=http://"+w.address, "--allow-local-media")
	return err
}

// unready says why no callbacks are taken; empty when they are.
func (w *webhook) unready(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.probe+"/readyz", http.NoBody)
	if err != nil {
		return "", fmt.Errorf("asking whether the webhook is ready: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error(), nil // it does not listen yet
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "/readyz: " + answer.Status, nil
	}
	return "", nil
}

// letters runs the command that lists what customer service has given up.
func (w *webhook) letters(ctx context.Context) (string, error) {
	text, err := exec.CommandContext(ctx, w.program, "deadletters", "list", "--address=http://"+w.admin).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("listing dead letters: %w: %s", err, text)
	}
	return strings.TrimSpace(string(text)), nil
}

// userSig asks the UserSig service of an ImApp, as the back end of a page does.
func (w *webhook) userSig(ctx context.Context, token, app, userID string) (string, error) {
	body := fmt.Sprintf(`{"userID":%q,"validitySeconds":600}`, userID)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.address+"/usersig/"+app, strings.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("asking for a UserSig: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("asking for a UserSig: %w", err)
	}
	defer answer.Body.Close()
	var issued struct{ UserSig, Reason, Message string }
	if err := json.NewDecoder(io.LimitReader(answer.Body, answerBytes)).Decode(&issued); err != nil {
		return "", fmt.Errorf("asking for a UserSig: %s: %w", answer.Status, err)
	}
	if issued.UserSig == "" {
		return "", fmt.Errorf("the UserSig service says %s %s: %s", answer.Status, issued.Reason, issued.Message)
	}
	return issued.UserSig, nil
}
