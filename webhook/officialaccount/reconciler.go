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

package officialaccount

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	imv1alpha1 "github.com/liveroom-io/liveroom-operator/api/v1alpha1"
	"github.com/liveroom-io/liveroom-operator/internal/consent"
	"github.com/liveroom-io/liveroom-operator/internal/hold"
	"github.com/liveroom-io/liveroom-operator/internal/reference"
	"github.com/liveroom-io/liveroom-operator/internal/wechat"
)

// +kubebuilder:rbac:groups=im.liveroom.io,resources=wechatofficialaccounts,verbs=get;list;watch
// +kubebuilder:rbac:groups=im.liveroom.io,resources=wechatofficialaccounts/status,verbs=patch

const (
	// passTimeout bounds one pass.
	passTimeout = 20 * time.Second
	// numbersEvery is how often the numbers of an account are written at most.
	numbersEvery = 10 * time.Second
	// probeEvery is how often an access token that is valid is asked for again.
	probeEvery = time.Hour
	// firstProbe and lastProbe bound the wait after one was refused.
	firstProbe = 15 * time.Second
	lastProbe  = 10 * time.Minute
	// doubtEvery is how often refused calls make it be asked for at most.
	doubtEvery = time.Minute
	// troubleEvery is how often an account in trouble is looked at: trouble can end
	// without news.
	troubleEvery = 10 * time.Second
)

// Config of a reconciler.
type Config struct {
	Client    client.Client
	Secrets   *reference.Reader
	Consent   consent.Policy
	Directory *Directory
	Clients   *Clients
	// Handshake is what WeChat has shown of the account's settings, on any pod.
	Handshake func(ctx context.Context, uid string) (Handshake, error)
	// Traffic of an account, over all pods.
	Traffic func(ctx context.Context, uid string) (Traffic, error)
	// Served is told of every account that is put, and of those that are gone.
	Served func(uid string)
	Clock  clock.PassiveClock
	Log    logr.Logger
	// Elected reports whether this pod writes status.
	Elected func() bool
}

// Reconciler reconciles WeChatOfficialAccounts.
type Reconciler struct {
	Config

	mu      sync.Mutex
	probes  map[string]probe     // by UID
	written map[string]time.Time // when status was, by UID
}

// New returns a reconciler.
func New(config Config) *Reconciler {
	return &Reconciler{Config: config, probes: map[string]probe{}, written: map[string]time.Time{}}
}

// Reconcile makes one pass over a WeChatOfficialAccount.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, passTimeout)
	defer cancel()
	var object imv1alpha1.WeChatOfficialAccount
	err := r.Client.Get(ctx, request.NamespacedName, &object)
	if apierrors.IsNotFound(err) || err == nil && !object.DeletionTimestamp.IsZero() {
		r.dismiss(request)
		return reconcile.Result{}, nil
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	found, err := r.look(ctx, &object)
	if err != nil {
		return reconcile.Result{}, err
	}
	if found.account == nil {
		r.dismiss(request)
	} else {
		r.Directory.Put(found.account)
		r.Served(found.account.UID)
	}
	if !r.Elected() {
		return reconcile.Result{}, nil
	}
	if found.account != nil {
		r.ask(ctx, &found)
	}
	again, err := r.report(ctx, &object, &found)
	return reconcile.Result{RequeueAfter: again}, err
}

// ask WeChat and the log about an account. A log that does not answer is a finding:
// what it would say is left as it was told last.
func (r *Reconciler) ask(ctx context.Context, found *findings) {
	var handshake, traffic error
	found.handshake, handshake = r.Handshake(ctx, found.account.UID)
	found.traffic, traffic = r.Traffic(ctx, found.account.UID)
	if found.log = errors.Join(handshake, traffic); found.log != nil {
		r.Log.V(1).Info("The log does not answer", "account", found.account.Key.String(), "error", found.log.Error())
		return // nor does it keep an access token
	}
	found.token = r.probe(ctx, found.account)
}

// dismiss serves an account no longer.
func (r *Reconciler) dismiss(request reconcile.Request) {
	if before := r.Directory.Account(request.NamespacedName); before != nil && r.Directory.Remove(request.NamespacedName) {
		r.Served(before.UID)
	}
	uids := map[string]bool{}
	for _, account := range r.Directory.All() {
		uids[account.UID] = true
	}
	r.Clients.Keep(uids)
	r.mu.Lock()
	defer r.mu.Unlock()
	for uid := range r.probes {
		if !uids[uid] {
			delete(r.probes, uid)
			delete(r.written, uid)
		}
	}
}

// findings are what a pass found out.
type findings struct {
	// account is nil when the object is not served, for the reason in wait.
	account *Account
	wait    *hold.Error
	// pushes is the wait for what pushes are checked with.
	pushes *hold.Error
	// calls is the wait for what WeChat is called with.
	calls     *hold.Error
	path      string
	agents    agents
	handshake Handshake
	token     probe
	traffic   Traffic
	// log is why handshake and traffic are not known.
	log error
}

// look reads what an account refers to.
func (r *Reconciler) look(ctx context.Context, object *imv1alpha1.WeChatOfficialAccount) (findings, error) {
	var found findings
	app, err := r.application(ctx, object)
	if err == nil {
		err = r.rival(ctx, object)
	}
	var hours Hours
	if err == nil {
		if hours, err = NewHours(object.Spec.BusinessHours); err != nil {
			err = hold.New(imv1alpha1.ReasonInvalid, "spec.businessHours.%v", err)
		}
	}
	if err == nil {
		found.agents, err = r.agents(ctx, object)
	}
	if err != nil {
		return found, waitOr(err, &found.wait)
	}
	secret, err := r.credentials(ctx, object)
	if err != nil {
		return found, err
	}
	account := &Account{
		Key: client.ObjectKeyFromObject(object), UID: string(object.UID), Created: object.CreationTimestamp.Time,
		App: client.ObjectKeyFromObject(app), SDKAppID: app.Spec.SDKAppID, Object: object, Agents: found.agents.known, Hours: hours,
	}
	if object.Annotations[imv1alpha1.AnnotationPaused] == "true" {
		account.Held = "the annotation " + imv1alpha1.AnnotationPaused + " is set: messages are taken, and passed on once it is removed"
	}
	if account.Keys, err = secret.keys(object); err != nil {
		if err := waitOr(err, &found.pushes); err != nil {
			return found, err
		}
	}
	if account.WeChat, err = r.client(object, &secret); err != nil {
		if err := waitOr(err, &found.calls); err != nil {
			return found, err
		}
	}
	if len(account.Keys) > 0 {
		found.path = Path(account.Keys[0].Token, object.Namespace, object.Name)
	}
	found.account = account
	return found, nil
}

// waitOr puts an expected wait where it belongs; another error is returned.
func waitOr(err error, into **hold.Error) error {
	if wait, ok := hold.As(err); ok {
		*into = wait
		return nil
	}
	return err
}

// probe is what came of asking for an access token.
type probe struct {
	// client that was asked, and the AppSecret's digest at that time: another one is asked again.
	client *wechat.Client
	secret [sha256.Size]byte
	err    error
	wait   time.Duration
	asked  time.Time
	next   time.Time
	needed bool
}

// probe asks for an access token when that is due, or returns what came of it last.
func (r *Reconciler) probe(ctx context.Context, account *Account) probe {
	if account.WeChat == nil {
		return probe{needed: account.Sends()}
	}
	now, secret := r.Clock.Now(), r.Clients.digest(account.UID)
	r.mu.Lock()
	last, known := r.probes[account.UID]
	r.mu.Unlock()
	same := known && last.client == account.WeChat && last.secret == secret
	if same && now.Before(last.next) {
		return last
	}
	p := probe{client: account.WeChat, secret: secret, needed: true, wait: probeEvery, asked: now, err: account.WeChat.Probe(ctx)}
	if p.err != nil {
		p.wait = firstProbe
		if same && last.err != nil {
			p.wait = min(2*last.wait, lastProbe)
		}
	}
	p.next = now.Add(p.wait)
	r.mu.Lock()
	r.probes[account.UID] = p
	r.mu.Unlock()
	return p
}

// Doubt has an access token asked for again soon: a call was refused.
func (r *Reconciler) Doubt(uid string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p, known := r.probes[uid]; known && p.err == nil {
		p.next = p.asked.Add(doubtEvery)
		r.probes[uid] = p
	}
}
